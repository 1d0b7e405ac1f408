// The page's words in the browser's language: t("key", {n: 3}) is the text with {n} replaced.
import en from "./words_en.js";
import zh from "./words_zh.js";

const chinese = (navigator.languages || [navigator.language]).find((l) => /^(zh|en)\b/i.test(l)) || "en";
export const language = /^zh/i.test(chinese) ? "zh-CN" : "en";
const words = language === "zh-CN" ? zh : en;

export function t(key, values) {
    const text = words[key] ?? en[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (values && name in values ? values[name] : whole));
}

export const has = (key) => key in words;

// Texts of the elements that are in the page from the start.
export function setWords(root) {
    document.documentElement.lang = language;
    for (const element of root.querySelectorAll("[data-words]")) element.textContent = t(element.dataset.words);
    for (const element of root.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
}

const number = new Intl.NumberFormat(language, {maximumSignificantDigits: 3});
const count = new Intl.NumberFormat(language);
const compact = new Intl.NumberFormat(language, {notation: "compact", maximumSignificantDigits: 3});
const when = new Intl.DateTimeFormat(language, {dateStyle: "medium", timeStyle: "short"});

export const formatNumber = (n) => number.format(n);
export const formatCount = (n) => count.format(n);
export const formatLoss = (n) => compact.format(n);
export const formatTime = (seconds) => when.format(new Date(1000 * seconds));

export function formatSeconds(seconds) {
    if (seconds < 9.95) return t("time.seconds", {n: number.format(Math.max(0, Math.round(10 * seconds) / 10))});
    const s = Math.round(seconds);
    if (s < 60) return t("time.seconds", {n: s});
    if (s < 3600) return t("time.minutes", {n: Math.floor(s / 60), s: String(s % 60).padStart(2, "0")});
    return t("time.hours", {n: Math.floor(s / 3600), m: String(Math.floor(s / 60) % 60).padStart(2, "0")});
}
