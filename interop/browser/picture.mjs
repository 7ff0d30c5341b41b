// Takes pictures of a report. `node picture.mjs REPORT PICTURE [WIDTH [SCHEME [HEIGHT]]]`

import { open, start } from "./browser.mjs";

const [report, picture, width = "1280", scheme = "light", height] = process.argv.slice(2);
const browser = await start();
try {
    const page = await open(browser, report, { width: Number(width), scheme });
    // The first person with more than one path is open.
    await page.evaluate(() => {
        const all = [...document.querySelectorAll("#holders-1 details")];
        const many = all.find((one) => one.querySelectorAll("li").length > 1) ?? all[0];
        if (many) many.open = true;
    });
    if (picture.endsWith(".pdf")) {
        await page.pdf({ path: picture, format: "A4" });
    } else if (height) {
        await page.screenshot({ path: picture, clip: { x: 0, y: 0, width: Number(width), height: Number(height) } });
    } else {
        await page.screenshot({ path: picture, fullPage: true });
    }
} finally {
    await browser.close();
}
