// The curve of the loss, on a logarithmic scale, as SVG.
import {el} from "./dom.js";
import {formatLoss, t} from "./words.js";

const WIDTH = 300, HEIGHT = 90, PAD = 4;
const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
};

export class Curve {
    constructor() {
        this.points = []; // [evaluation, loss]
        this.area = svg("path", {class: "curve-area"});
        this.line = svg("path", {class: "curve-line", "vector-effect": "non-scaling-stroke"});
        this.picture = svg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img"});
        this.picture.append(this.area, this.line);
        this.label = el("span", {"aria-hidden": "true"});
        this.box = el("div", {class: "curve", hidden: true}, this.picture, this.label);
    }

    set(points) {
        this.points = points;
        this.draw();
    }

    add(evaluation, loss) {
        if (!(loss > 0) || evaluation <= (this.points.at(-1)?.[0] ?? 0)) return;
        this.points.push([evaluation, loss]);
        if (this.points.length > 600) this.points = this.points.filter((_, i) => i % 2 === 0);
        this.draw();
    }

    draw() {
        const points = this.points.filter(([, loss]) => loss > 0);
        this.box.hidden = points.length < 2;
        if (points.length < 2) return;
        const logs = points.map(([, loss]) => Math.log(loss));
        // A trial of the line search may be far off: what is above the beginning is cut.
        const low = Math.min(...logs), high = logs[0] > low ? logs[0] : Math.max(...logs), first = points[0][0], last = points.at(-1)[0];
        const x = (n) => (WIDTH * (n - first)) / (last - first || 1);
        const y = (l) => PAD + ((HEIGHT - 2 * PAD) * Math.max(0, high - l)) / (high - low || 1);
        const path = points.map(([n], i) => `${i ? "L" : "M"}${x(n).toFixed(1)} ${y(logs[i]).toFixed(1)}`).join("");
        this.line.setAttribute("d", path);
        this.area.setAttribute("d", `${path}V${HEIGHT}H0Z`);
        const a = formatLoss(points[0][1]), b = formatLoss(points.at(-1)[1]);
        this.label.textContent = `${a} → ${b}`;
        this.picture.setAttribute("aria-label", t("job.curve", {a, b}));
    }
}
