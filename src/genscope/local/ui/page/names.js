// Names of attributes that the page looks for; a test holds them to genscope.semconv. Columns have their own names.

export const CONTENT = {
  instructions: "gen_ai.system_instructions",
  input: "gen_ai.input.messages",
  output: "gen_ai.output.messages",
  tools: "gen_ai.tool.definitions",
  asked: "gen_ai.tool.call.arguments",
  answered: "gen_ai.tool.call.result",
  query: "gen_ai.retrieval.query.text",
  documents: "gen_ai.retrieval.documents",
  given: "genscope.call.arguments",
  returned: "genscope.call.result",
};

export const TOOL_CALL_ID = "gen_ai.tool.call.id";
export const OMITTED_MESSAGES = "genscope.content.omitted_messages";
export const RETRY_KINDS = "genscope.retry.kinds";
export const RETRY_STATUSES = "genscope.retry.statuses";
export const RETRY_DELAYS = "genscope.retry.delays";
export const COST_SOURCE = "genscope.cost.source";
export const HANDOFF_TO = "genscope.handoff.to";
export const EXCEPTION_TYPE = "exception.type";
export const EXCEPTION_MESSAGE = "exception.message";
export const EXCEPTION_STACKTRACE = "exception.stacktrace";

/** What a call was asked with, beside its messages. */
export const SETTINGS = ["gen_ai.request.", "gen_ai.output.type", "openai.request.", "genscope.request."];
export const NO_SETTINGS = ["gen_ai.request.model", "genscope.request.tool_call_ids"];
