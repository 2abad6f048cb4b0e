// Compiles MJML with npm's own mjml. In: a JSON list of MJML texts. Out: for each the strict validator's
// errors, and the best time of `rounds` compilations in milliseconds.
import { text } from "node:stream/consumers";
import mjml2html from "mjml";

const rounds = Number(process.argv[2] ?? 1);
const answers = [];
for (const source of JSON.parse(await text(process.stdin))) {
  let errors = [];
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const began = process.hrtime.bigint();
    try {
      const result = await mjml2html(source, { validationLevel: "strict" });
      errors = (result.errors ?? []).map((error) => error.formattedMessage ?? String(error));
    } catch (error) {
      errors = [error.message];
    }
    best = Math.min(best, Number(process.hrtime.bigint() - began) / 1e6);
  }
  answers.push({ errors, best });
}
console.log(JSON.stringify(answers));
