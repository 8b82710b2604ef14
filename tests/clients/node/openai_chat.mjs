// The official `openai` client for Node, chat completions.

import OpenAI from 'openai';
import { CITY, QUESTION, RESULT, TEXT, failing, run } from './acting.mjs';

const client = new OpenAI();
const TOOL = { type: 'function', function: { name: 'weather', parameters: CITY } };

async function plain(model = 'm') {
  const reply = await client.chat.completions.create({ model, messages: [{ role: 'user', content: TEXT }] });
  return reply.choices[0].message.content;
}

async function stream(model = 'm') {
  const asked = { model, messages: [{ role: 'user', content: TEXT }], stream: true };
  let text = '';
  for await (const chunk of await client.chat.completions.create(asked)) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

async function tools() {
  const asked = { model: 'm', messages: [{ role: 'user', content: QUESTION }], tools: [TOOL] };
  const said = (await client.chat.completions.create(asked)).choices[0].message;
  const [call] = said.tool_calls;
  asked.messages.push(said, { role: 'tool', tool_call_id: call.id, content: RESULT });
  const after = (await client.chat.completions.create(asked)).choices[0].message;
  return { arguments: JSON.parse(call.function.arguments), after: after.content };
}

await run({ plain, stream, tools, ...failing(plain, stream) });
