// Elements from a call: el("li", {class: "tile", onclick: f}, child, "text"). Text is only ever set as text.

export function el(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
        if (value === undefined || value === null || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name === "value" || name === "checked") element[name] = value;
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
    return element;
}

export const byId = (id) => document.getElementById(id);

// Shows a message in its place, or takes it away where there is no text. `action`: {label, run}.
export function showMessage(place, text, action) {
    place.hidden = !text;
    place.replaceChildren();
    if (!text) return;
    place.append(el("span", {}, text));
    if (action) place.append(el("button", {type: "button", class: "small", onclick: action.run}, action.label));
}
