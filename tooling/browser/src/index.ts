export type { Page } from "playwright-core";
export { openBrowser, type FoundBrowser } from "./browser.js";
export { openPage, type OpenPage } from "./open-page.js";
