export type { Page } from "playwright-core";
export { mustHaveBrowser } from "./browser.js";
export { browserTests, expectQuiet } from "./browser-tests.js";
export type { OpenPage } from "./open-page.js";
