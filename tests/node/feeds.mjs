// Reads feeds and lists of feeds with feedsmith. In: a JSON list of documents. Out: what it makes of each.
import { text } from "node:stream/consumers";
import { parseFeed, parseOpml } from "feedsmith";

const answers = [];
for (const source of JSON.parse(await text(process.stdin))) {
  answers.push(
    source.includes("<opml") ? { format: "opml", feed: parseOpml(source) } : parseFeed(source),
  );
}
console.log(JSON.stringify(answers));
