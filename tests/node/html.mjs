// Checks finished mails with html-validate. In: a JSON list of HTML texts. Out: for each its complaints.
// Mail needs what pages should not have (align, bgcolor), so of the presets only these two apply.
import { text } from "node:stream/consumers";
import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
  extends: ["html-validate:standard", "html-validate:a11y"],
  rules: {
    "no-deprecated-attr": "off",
    // MJML's own frame is a <div role="article">, which mail clients keep better than <article>.
    "prefer-native-element": "off",
  },
});
const answers = [];
for (const source of JSON.parse(await text(process.stdin))) {
  const report = await validator.validateString(source);
  answers.push(
    report.results.flatMap((result) =>
      result.messages.map((found) => `${found.ruleId} at ${found.line}:${found.column}: ${found.message}`),
    ),
  );
}
console.log(JSON.stringify(answers));
