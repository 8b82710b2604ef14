// The official `openai` client for Node, the Responses API.

import OpenAI from 'openai';
import { CITY, QUESTION, RESULT, TEXT, failing, run } from './acting.mjs';

const client = new OpenAI();
const TOOL = { type: 'function', name: 'weather', parameters: CITY, strict: true };

async function plain(model = 'm') {
  return (await client.responses.create({ model, input: TEXT })).output_text;
}

async function stream(model = 'm') {
  let text = '';
  for await (const event of await client.responses.create({ model, input: TEXT, stream: true })) {
    if (event.type === 'response.output_text.delta') text += event.delta;
  }
  return text;
}

async function tools() {
  const input = [{ role: 'user', content: QUESTION }];
  const said = await client.responses.create({ model: 'm', input, tools: [TOOL], store: false });
  const call = said.output.find((item) => item.type === 'function_call');
  const result = { type: 'function_call_output', call_id: call.call_id, output: RESULT };
  const history = [...input, ...said.output, result];
  const after = await client.responses.create({ model: 'm', input: history, tools: [TOOL], store: false });
  return { arguments: JSON.parse(call.arguments), after: after.output_text };
}

await run({ plain, stream, tools, ...failing(plain, stream) });
