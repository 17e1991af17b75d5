// Questions to the server that this page came from.

/** `status` is 0 where nobody answers. */
export class Trouble extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** Raises `Trouble`, or the `AbortError` of the signal. */
export async function ask(path, query = {}, signal = undefined) {
  const there = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  let answer;
  try {
    answer = await fetch(`/api/${path}${there.length ? `?${new URLSearchParams(there)}` : ""}`, { signal });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Trouble(0, "genscope ui does not answer.");
  }
  let found;
  try {
    found = await answer.json();
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Trouble(answer.status, answer.ok ? "The answer was cut off." : answer.statusText);
  }
  if (!answer.ok) throw new Trouble(answer.status, found.error ?? answer.statusText);
  return found;
}
