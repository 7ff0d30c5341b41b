// Starts the browser and opens reports in it, as files.

import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

/** Chromium runs as root in containers, where its own sandbox cannot. */
export function start() {
    return puppeteer.launch({
        executablePath: process.env.CHROMIUM,
        args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
}

/** Opens a report. What must not happen is added to `page.surprises`. */
export async function open(browser, file, { width = 1280, scheme = "light" } = {}) {
    const page = await browser.newPage();
    page.surprises = [];
    const surprise = (text) => page.surprises.push(text);
    page.on("console", (message) => surprise(`console: ${message.text()}`));
    page.on("pageerror", (error) => surprise(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
        surprise(`dialog: ${dialog.message()}`);
        return dialog.dismiss();
    });
    const address = pathToFileURL(file).href;
    page.on("request", (request) => {
        if (request.url() !== address) surprise(`request: ${request.url()}`);
    });
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(address);
    return page;
}
