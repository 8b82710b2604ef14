// What the scripts beside this one share; `tests/clients/acts/acting.py` says what each act tells.

export const TEXT = 'write to bob@example.com';
export const QUESTION = 'what is the weather?';
export const LAUNCH = 'launch it'; // the model then calls a tool that nobody offered
export const RESULT = 'rain';
export const CITY = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

/** Return what an act raised: its type as the client names it, and the HTTP status it carries. */
export async function caught(act) {
  try {
    await act();
  } catch (error) {
    const kind = error.name === 'Error' ? error.constructor.name : error.name;
    return { kind, status: error.status ?? error.statusCode ?? null, words: String(error) };
  }
  return { kind: null };
}

/** The acts of a client that can ask plainly and for a stream: each takes the model's name. */
export function failing(plain, stream) {
  return {
    error: () => caught(() => plain('nobody')),
    budget: async () => ({
      plain: await caught(() => plain('dear')),
      stream: await caught(() => stream('dear')),
    }),
  };
}

/** Run the acts that are named on the command line. */
export async function run(acts) {
  const told = {};
  for (const name of process.argv.slice(2)) told[name] = await acts[name]();
  process.stdout.write(JSON.stringify(told));
}
