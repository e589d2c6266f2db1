// What is set in a folded part of the endpoint's form, in a line.
import type { Draft } from "./form";

const said = (...parts: (string | false)[]): string => parts.filter(Boolean).join(" · ");
const listed = (value: string): string => value.split(/[\n,]/).map((one) => one.trim()).filter(Boolean).join(", ");

export const limitsSet = (draft: Draft): string =>
  said(
    Boolean(draft.rate_requests.trim()) && `${draft.rate_requests} calls in ${draft.rate_seconds} s`,
    Boolean(draft.concurrent.trim()) && `${draft.concurrent} jobs at one time`,
    Boolean(draft.time_limit.trim()) && `${draft.time_limit} s at most`,
  ) || "none";

export const originsSet = (draft: Draft): string =>
  said(Boolean(draft.cors.trim()) && `pages of ${listed(draft.cors)}`, Boolean(draft.ip_allow.trim()) && `from ${listed(draft.ip_allow)}`) || "from anywhere; no pages of other origins";

export const keepingSet = (draft: Draft): string =>
  said(Boolean(draft.keep_jobs_days.trim()) && `jobs ${draft.keep_jobs_days} days`, Boolean(draft.keep_payloads_days.trim()) && `payloads ${draft.keep_payloads_days} days`) || "as the stack does";

export const callbacksSet = (draft: Draft): string =>
  said(draft.callback_url.trim(), Boolean(draft.callback_hosts.trim()) && `callers name ${listed(draft.callback_hosts)}`) || "none";

export const schemasSet = (draft: Draft): string =>
  said(Boolean(draft.input_schema.trim()) && "input schema", Boolean(draft.output_mapping.trim()) && "mapping", Boolean(draft.output_schema.trim()) && "output schema") || "any input; the output as it is";

export const familiesSet = (draft: Draft): string =>
  said(
    draft.iolinker_empty && "iolinker",
    (draft.phixflow || Boolean(draft.alias_v10.trim())) && "PhixFlow",
    Boolean(draft.alias_workfloplus.trim()) && "WorkfloPlus",
    (draft.theeye_declared || Boolean(draft.alias_theeye.trim())) && "TheEye",
    Boolean(draft.alias_nebulagraph.trim()) && "NebulaGraph",
  ) || "nothing of their own; their clients may call it by its address";
