// The official `@anthropic-ai/sdk` client for Node.

import Anthropic from '@anthropic-ai/sdk';
import { CITY, QUESTION, RESULT, TEXT, failing, run } from './acting.mjs';

const client = new Anthropic();
const TOOL = { name: 'weather', description: 'Tells the weather.', input_schema: CITY };

const asking = (model, content) => ({ model, max_tokens: 200, messages: [{ role: 'user', content }] });

async function plain(model = 'm') {
  return (await client.messages.create(asking(model, TEXT))).content[0].text;
}

async function stream(model = 'm') {
  return client.messages.stream(asking(model, TEXT)).finalText();
}

async function tools() {
  const asked = { ...asking('m', QUESTION), tools: [TOOL] };
  const said = await client.messages.create(asked);
  const call = said.content.find((block) => block.type === 'tool_use');
  const result = { type: 'tool_result', tool_use_id: call.id, content: RESULT };
  asked.messages.push({ role: 'assistant', content: said.content }, { role: 'user', content: [result] });
  return { arguments: call.input, after: (await client.messages.create(asked)).content[0].text };
}

await run({ plain, stream, tools, ...failing(plain, stream) });
