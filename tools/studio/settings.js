// How to paint: strength, size, length, colours; and behind "More" method, network and device.
import {el} from "./dom.js";
import {t} from "./words.js";

const sizes = [256, 512, 768, 1024, 1536, 2048, 3072, 4096];

// A slider from photograph to painting; shared with the view of a job.
export function strengthSlider(value, onChange) {
    const slider = el("input", {type: "range", min: 0, max: 100, step: 1, value, "aria-label": `${t("strength")}: ${t("strength.photo")}, ${t("strength.painting")}`});
    if (onChange) slider.addEventListener("change", () => onChange(Number(slider.value)));
    const box = el("div", {class: "strength"}, el("span", {"aria-hidden": "true"}, t("strength.photo")), slider, el("span", {"aria-hidden": "true"}, t("strength.painting")));
    return {box, slider};
}

const option = (value, text, attributes) => el("option", {value, ...attributes}, text);

export class Settings {
    constructor(place, about, devices) {
        this.about = about;
        this.strength = strengthSlider(50);
        this.size = this.makeSizes();
        this.length = this.makeLength();
        this.colours = el("input", {type: "checkbox", role: "switch"});
        this.preset = el("select", {}, about.presets.map((preset) => option(preset.name, preset.name)));
        this.network = el("select", {}, option("auto", t("network.auto")),
            about.networks.map(({name, installed}) => option(name, name === "builtin" ? t("network.builtin") : installed ? name : t("network.missing", {name}), {disabled: !installed})));
        const usable = devices.devices.filter((device) => device.usable);
        const chosen = usable.find((device) => device.default);
        this.device = el("select", {}, option("auto", chosen ? t("device.auto", {name: chosen.name}) : "auto"), usable.map((device) => option(device.id, device.name)));
        const small = !about.own_network && !about.networks.some((network) => network.installed && network.name !== "builtin");
        place.replaceChildren(
            this.group(t("strength"), "", this.strength.box),
            this.group(t("size"), t("size.hint"), this.size),
            this.group(t("length"), "", this.length),
            el("label", {class: "toggle"}, el("span", {}, t("colors")), this.colours),
            el("details", {class: "more"}, el("summary", {}, t("more")), this.field(t("preset"), this.preset), this.field(t("network"), this.network),
                this.field(t("device"), this.device)),
            small && el("p", {class: "hint"}, t("network.hint")) || "",
            usable.length ? "" : el("p", {class: "message"}, t("device.none", {message: devices.message})));
    }

    group(title, hint, ...content) {
        return el("fieldset", {}, el("legend", {}, title, hint && el("small", {}, ` ${hint}`)), content);
    }

    field(title, control) {
        return el("label", {class: "field"}, el("span", {}, title), control);
    }

    choice(name, value, text, checked) {
        return el("label", {}, el("input", {type: "radio", name, value, checked}), el("span", {}, text));
    }

    makeSizes() {
        const most = this.about.limits.size;
        const fitting = sizes.filter((size) => size <= most);
        return el("div", {class: "segments sizes"}, fitting.map((size) => this.choice("size", size, String(size), size === Math.min(512, fitting.at(-1)))));
    }

    makeLength() {
        const number = el("input", {type: "number", min: 1, max: this.about.limits.evaluations, value: 300, required: true, inputmode: "numeric", "aria-label": t("length.unit.evaluations")});
        const unit = el("span", {class: "unit"}, t("length.unit.evaluations"));
        const usual = {evaluations: 300, seconds: 60};
        const box = el("div", {class: "length"}, el("div", {class: "segments"}, this.choice("length", "evaluations", t("length.evaluations"), true), this.choice("length", "seconds", t("length.seconds"))),
            el("label", {class: "amount"}, number, unit));
        this.setLength = (kind, value) => {
            for (const radio of box.querySelectorAll("[name=length]")) radio.checked = radio.value === kind;
            unit.textContent = t(`length.unit.${kind}`);
            number.setAttribute("aria-label", unit.textContent);
            number.max = this.about.limits[kind];
            number.value = value ?? usual[kind];
        };
        this.amount = number;
        box.addEventListener("change", (event) => event.target.name === "length" && this.setLength(event.target.value));
        return box;
    }

    checked(box, name) {
        return box.querySelector(`[name=${name}]:checked`).value;
    }

    // What an order says of it; null where a number is out of range, which the field then shows.
    forOrder() {
        if (!this.amount.reportValidity()) return null;
        return {
            strength: Number(this.strength.slider.value),
            size: Number(this.checked(this.size, "size")),
            [this.checked(this.length, "length")]: Number(this.amount.value),
            preserve_colors: this.colours.checked,
            preset: this.preset.value,
            network: this.network.value,
            device: this.device.value,
        };
    }

    // As an earlier order has them.
    set(order) {
        this.strength.slider.value = order.strength;
        const radios = [...this.size.querySelectorAll("[name=size]")];
        const nearest = radios.reduce((best, radio) => (Math.abs(radio.value - order.size) < Math.abs(best.value - order.size) ? radio : best));
        nearest.checked = true;
        this.setLength(order.seconds ? "seconds" : "evaluations", order.seconds || order.evaluations);
        this.colours.checked = order.preserve_colors;
        for (const name of ["preset", "network", "device"]) if ([...this[name].options].some((o) => o.value === order[name] && !o.disabled)) this[name].value = order[name];
    }
}
