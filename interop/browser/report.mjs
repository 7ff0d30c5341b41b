// Reads reports as people do: with a mouse, a keyboard, a screen reader, a narrow screen and a
// printer. `node report.mjs DEMO HOSTILE…`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { open, start } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const files = process.argv.slice(2);
const [demo] = files;
const browser = await start();

/** The first cells of the rows that are visible. */
const names = (page, table) =>
    page.$$eval(`${table} tbody th[scope=row]`, (cells) =>
        cells.filter((cell) => cell.offsetParent !== null).map((cell) => cell.textContent.trim()),
    );

const sortOf = (page, header) => page.$eval(header, (cell) => cell.getAttribute("aria-sort"));

async function checkQuiet(page) {
    assert.deepEqual(page.surprises, []);
    await page.close();
}

const steps = {
    async "nothing is loaded, nothing runs that is not ours"() {
        for (const file of files) {
            const page = await open(browser, file);
            const policy = await page.$eval("meta[http-equiv]", (meta) => meta.content);
            assert.match(policy, /^default-src 'none'; style-src 'sha256-[^ ']+'; script-src 'sha256-[^ ']+';/);
            assert.ok(!policy.includes("unsafe"), policy);
            // What the browser made of the names of the org.
            const foreign = "img, iframe, object, embed, link, form, [onerror], [onload], [onclick], [style]";
            assert.equal(await page.$$eval(foreign, (found) => found.length), 0);
            assert.equal(await page.$$eval("script", (found) => found.length), 1);
            assert.equal(await page.evaluate(() => globalThis.hit), undefined);
            await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
            await checkQuiet(page);
        }
    },

    async "axe finds nothing serious, in light and in dark"() {
        for (const file of files) {
            for (const scheme of ["light", "dark"]) {
                const page = await open(browser, file, { scheme });
                await page.$$eval("details", (all) => all.slice(0, 20).forEach((one) => (one.open = true)));
                await page.evaluate(axe);
                const found = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
                const serious = found.violations
                    .filter((one) => ["serious", "critical"].includes(one.impact))
                    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`);
                assert.deepEqual(serious, [], `${basename(file)}, ${scheme}`);
                await page.close();
            }
        }
    },

    async "the page is never wider than the screen"() {
        for (const file of files) {
            for (const width of [1280, 400]) {
                const page = await open(browser, file, { width });
                await page.$$eval("details", (all) => all.slice(0, 20).forEach((one) => (one.open = true)));
                const wide = await page.evaluate(() => document.documentElement.scrollWidth);
                assert.ok(wide <= width, `${basename(file)} is ${wide} wide at ${width}`);
                await checkQuiet(page);
            }
        }
    },

    async "a search finds, and says how much"() {
        const page = await open(browser, demo);
        const all = await names(page, "#licences");
        await page.type("#licences-search", all[1].slice(0, 6).toUpperCase());
        const found = await names(page, "#licences");
        assert.ok(found.length > 0 && found.length < all.length, `${found.length} of ${all.length}`);
        assert.ok(found.includes(all[1]));
        const count = await page.$eval("#licences-search + output", (output) => output.textContent);
        assert.equal(count, `${found.length} of ${all.length} licences`);
        // A path is found, too; it is in the second row of a person.
        await page.type("#holders-1-search", "system administrator");
        assert.ok((await names(page, "#holders-1")).length > 0);
        await page.type("#holders-1-search", " no such word");
        assert.deepEqual(await names(page, "#holders-1"), []);
        await checkQuiet(page);
    },

    async "a table is sorted, with its second rows"() {
        const page = await open(browser, demo);
        const header = "#licences th:nth-child(4)";
        const figures = () =>
            page.$$eval("#licences tbody td:nth-child(4)", (cells) =>
                cells.map((cell) => Number(cell.textContent.replaceAll(",", ""))),
            );
        const expected = (await figures()).sort((one, other) => one - other);
        await page.locator(`${header} button`).click();
        assert.equal(await sortOf(page, header), "ascending");
        assert.deepEqual(await figures(), expected);
        await page.locator(`${header} button`).click();
        assert.equal(await sortOf(page, header), "descending");
        assert.deepEqual(await figures(), expected.reverse());

        const people = () =>
            page.$$eval("#holders-1 tbody", (all) =>
                all.map((one) => [one.rows[0].cells[0].textContent, one.rows[1].textContent]),
            );
        const before = new Map(await people());
        await page.locator("#holders-1 th:first-child button").click();
        const after = await people();
        assert.deepEqual(new Map(after), before);
        const sorted = after.map((one) => one[0]);
        const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
        assert.deepEqual(sorted, [...sorted].sort(collator.compare));
        await checkQuiet(page);
    },

    async "the keyboard is enough"() {
        const page = await open(browser, demo);
        const focused = () =>
            page.evaluate(() => {
                const style = getComputedStyle(document.activeElement);
                return [document.activeElement.textContent.trim(), style.outlineStyle];
            });
        await page.keyboard.press("Tab");
        assert.deepEqual(await focused(), ["Skip to the content", "solid"]);
        await page.keyboard.press("Enter");
        assert.equal(await page.evaluate(() => document.activeElement.id), "content");

        await page.focus("#licences th button");
        await page.keyboard.press("Enter");
        assert.equal(await sortOf(page, "#licences th"), "ascending");
        await page.keyboard.press("Space");
        assert.equal(await sortOf(page, "#licences th"), "descending");
        await page.focus("#holders-1 summary");
        await page.keyboard.press("Enter");
        assert.ok(await page.$eval("#holders-1 details", (details) => details.open));
        const picture = await page.$eval("#holders-1 details svg use", (use) => {
            const { width, height } = use.getBoundingClientRect();
            return width > 100 && height > 20;
        });
        assert.ok(picture, "the picture of the paths is drawn");
        await checkQuiet(page);
    },

    async "what is printed is light, and open"() {
        const page = await open(browser, demo, { scheme: "dark" });
        await page.emulateMediaType("print");
        const seen = await page.evaluate(() => {
            const colour = getComputedStyle(document.body).backgroundColor;
            dispatchEvent(new Event("beforeprint"));
            const closed = document.querySelectorAll("details:not([open])").length;
            dispatchEvent(new Event("afterprint"));
            const open = document.querySelectorAll("details[open]").length;
            return { colour, closed, open };
        });
        assert.deepEqual(seen, { colour: "rgb(255, 255, 255)", closed: 0, open: 0 });
        assert.ok((await page.pdf()).length > 10_000);
        await checkQuiet(page);
    },

    async "without scripts everything is there but search and sorting"() {
        const page = await browser.newPage();
        await page.setJavaScriptEnabled(false);
        await page.goto(`file://${demo}`);
        const seen = await page.$$eval(".search, thead button", (all) => all.filter((one) => one.offsetParent !== null).length);
        assert.equal(seen, 0);
        await page.close();
    },
};

try {
    for (const [name, step] of Object.entries(steps)) {
        await step();
        console.log(`ok: ${name}`);
    }
} finally {
    await browser.close();
}
