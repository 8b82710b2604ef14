// Vercel's AI SDK with its provider for OpenAI, as it is: over the Responses API.

import { openai } from '@ai-sdk/openai';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { LAUNCH, QUESTION, RESULT, TEXT, failing, run } from './acting.mjs';

const got = {};
const weather = tool({
  description: 'Tells the weather.',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    got.city = city;
    return RESULT;
  },
});

async function plain(model = 'm') {
  return (await generateText({ model: openai(model), prompt: TEXT })).text;
}

async function stream(model = 'm', prompt = TEXT, tools = undefined) {
  let text = '';
  let failed;
  const onError = ({ error }) => {
    failed = error;
  };
  for await (const piece of streamText({ model: openai(model), prompt, tools, onError }).textStream) text += piece;
  if (failed) throw failed;
  return text;
}

async function tools() {
  const asked = { model: openai('m'), prompt: QUESTION, tools: { weather }, stopWhen: stepCountIs(5) };
  return { arguments: got, after: (await generateText(asked)).text };
}

async function refused() {
  const asked = { model: openai('m'), prompt: LAUNCH, tools: { weather }, stopWhen: stepCountIs(5) };
  return { plain: (await generateText(asked)).text, stream: await stream('m', LAUNCH, { weather }) };
}

await run({ plain, stream, tools, refused, ...failing(plain, stream) });
