// A directory of which the names are longer than any screen.

const quote = (text) => `"${text.replaceAll('"', '""')}"`;
console.log("kind,id,name,email,groups,note");
console.log(`group,g1,${quote("G".repeat(10_000))},,,`);
for (const [place, name] of ["W".repeat(10_000), "<b>".repeat(3_000), "権".repeat(5_000)].entries()) {
    console.log(`user,u${place},${quote(name)},u${place}@example.test,g1,${quote("n".repeat(10_000))}`);
}
