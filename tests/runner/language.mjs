// Reads requests as lines of JSON and answers each with a line: GitHub's own parser and evaluator, for the Python beside it.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { register } from "node:module";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";

// The packages import their schemas without saying that these are JSON, which bundlers take and Node does not.
const hooks = `
import { readFileSync } from "node:fs";
export async function load(url, context, next) {
  if (!url.endsWith(".json")) return next(url, context);
  return { format: "module", source: "export default " + readFileSync(new URL(url), "utf8"), shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import("@actions/workflow-parser");
const { parseAction } = await import("@actions/workflow-parser/actions/action-parser");
const { convertToIfCondition } = await import("@actions/workflow-parser/model/converter/if-condition");
const { TokenType } = await import("@actions/workflow-parser/templates/tokens/types");
const { data, Evaluator, Lexer, Parser } = await import("@actions/expressions");

const EXPRESSION = "${{}}"; // the one key of what is still to be evaluated

function plain(token, context) {
  switch (token.templateTokenType) {
    case TokenType.Mapping:
      return Object.fromEntries(Array.from(token, ({ key, value }) => pair(key, value, context)));
    case TokenType.Sequence:
      return Array.from(token, (item) => plain(item, context));
    case TokenType.BasicExpression:
      return { [EXPRESSION]: token.expression };
    case TokenType.Null:
      return null;
    case TokenType.String: case TokenType.Number: case TokenType.Boolean:
      return token.value;
    default:
      throw new Error(`${token.toDisplayString()}: the runner does not know this kind of value`);
  }
}

function pair(key, value, context) {
  if (!("value" in key)) throw new Error(`${key.toDisplayString()}: the runner does not evaluate keys`);
  if (key.value !== "if") return [key.value, plain(value, context)];
  const condition = convertToIfCondition(context, value);
  return [key.value, condition ? { [EXPRESSION]: condition.expression } : null];
}

async function parse({ kind, name, text }) {
  const read = kind === "workflow" ? parseWorkflow : parseAction;
  const { context, value } = read({ name, content: text }, new NoOperationTraceWriter());
  if (kind === "workflow" && value) await convertWorkflowTemplate(context, value);
  let tree = null;
  try {
    if (value && !context.errors.getErrors().length) tree = plain(value, context);
  } catch (error) {
    context.error(value, error);
  }
  return { tree, errors: [...new Set(context.errors.getErrors().map((error) => error.message))] };
}

// A name that is not there is null on GitHub; here it is an error where every name is known beforehand.
class Known extends data.Dictionary {
  constructor(path, pairs) {
    super(...pairs);
    this.path = path;
  }
  get(key) {
    const found = super.get(key);
    if (found === undefined) throw new Error(`${this.path}.${key}: no such name`);
    return found;
  }
}

function lift(value, path, strict) {
  if (Array.isArray(value)) return new data.Array(...value.map((item) => lift(item, `${path}.*`, strict)));
  if (value === null || typeof value !== "object") return data.reviver("", value);
  const pairs = Object.entries(value).map(([key, each]) => ({ key, value: lift(each, path ? `${path}.${key}` : key, strict) }));
  return strict.has(path) ? new Known(path, pairs) : new data.Dictionary(...pairs);
}

// Links are not followed: .venv is one.
function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : entry.isFile() ? [path] : [];
  });
}

function hashFiles(root, patterns) {
  const wanted = patterns.map((pattern) => new RegExp(`^${pattern.split(/(\*\*\/|\*\*|\*|\?)/).map((part) =>
    ({ "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]" })[part] ?? part.replace(/[.+^${}()|[\]\\]/g, "\\$&")).join("")}$`));
  const files = walk(root).filter((path) => wanted.some((pattern) => pattern.test(relative(root, path)))).sort();
  if (!files.length) return "";
  const all = createHash("sha256");
  for (const path of files) all.update(createHash("sha256").update(readFileSync(path)).digest());
  return all.digest("hex");
}

function functions({ status, root }) {
  const known = Object.entries(status ?? {}).map(([name, value]) =>
    ({ name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value) }));
  const hash = (...args) => new data.StringData(hashFiles(root, args.map((each) => each.coerceString())));
  if (root) known.push({ name: "hashfiles", minArgs: 1, maxArgs: 255, call: hash });
  return known;
}

function evaluate({ tree, contexts, strict, ...rest }) {
  const values = lift(contexts, "", new Set(["", ...strict]));
  const known = functions(rest);
  const byName = new Map(known.map((each) => [each.name, each]));
  const step = (value) => {
    if (Array.isArray(value)) return value.map(step);
    if (value === null || typeof value !== "object") return value;
    if (!(EXPRESSION in value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, step(each)]));
    const source = value[EXPRESSION];
    try {
      const parsed = new Parser(new Lexer(source).lex().tokens, Object.keys(contexts), known).parse();
      return JSON.parse(JSON.stringify(new Evaluator(parsed, values, byName).evaluate(), data.replacer));
    } catch (error) {
      throw new Error(`\${{ ${source} }}: ${error.message}`);
    }
  };
  return { value: step(tree) };
}

const answers = { parse, evaluate };
for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...request } = JSON.parse(line);
  let answer;
  try {
    answer = await answers[op](request);
  } catch (error) {
    answer = { failed: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
