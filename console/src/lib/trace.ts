// What a job's steps say of the states of its workflow: which were entered, how they ended, which ways were taken.
import type { Step, Workflow, WorkflowState } from "./types";

export interface Visit {
  status: Step["status"];
  times: number;
  attempts: number;
  ms: number | null;
  error: string | null;
  steps: Step[];
}

export interface Trace {
  visits: Map<string, Visit>;
  /** Ways that were taken, as `from -> to` of paths; "" is where a level begins and ends. */
  taken: Set<string>;
  /** Steps that the workflow as it is shown has no state for. */
  strangers: Step[];
}

const RANK: Record<Step["status"], number> = { SUCCEEDED: 0, CAUGHT: 1, ABORTED: 2, RUNNING: 3, FAILED: 4 };

export const way = (from: string, to: string): string => `${from} -> ${to}`;

export function trace(workflow: Workflow, steps: readonly Step[], now: number): Trace {
  const named = new Map<string, WorkflowState[]>();
  for (const state of workflow.states) named.set(state.name, [...(named.get(state.name) ?? []), state]);
  const visits = new Map<string, Visit>();
  const taken = new Set<string>();
  const strangers: Step[] = [];
  const last = new Map<string, WorkflowState>();
  for (const step of steps) {
    const state = pick(named.get(step.name) ?? [], last);
    if (!state) {
      strangers.push(step);
      continue;
    }
    const level = state.parent ?? "";
    const before = last.get(level);
    if (before?.next.some((one) => one.to === state.path)) taken.add(way(before.path, state.path));
    else taken.add(way(level, state.path));
    last.set(level, state);
    for (const inside of [...last.keys()]) if (inside === state.path || inside.startsWith(`${state.path}/`)) last.delete(inside);
    visits.set(state.path, merged(visits.get(state.path), step, now));
  }
  for (const state of workflow.states) {
    const visit = visits.get(state.path);
    if (!visit) continue;
    const parent = visits.get(state.parent ?? "");
    // A state whose level came to its end there.
    if (state.end && (visit.status === "SUCCEEDED" || (state.type === "Fail" && visit.status === "FAILED"))) taken.add(way(state.path, ""));
    // Iterations of a Map come interleaved: a way between two states that were both entered was taken by one of them.
    if (parent && visit.times > 1)
      for (const next of state.next) if (visits.has(next.to)) taken.add(way(state.path, next.to));
  }
  return { visits, taken, strangers };
}

/** A name stands for one state, unless branches share it: then for one that can come now. */
function pick(states: WorkflowState[], last: Map<string, WorkflowState>): WorkflowState | undefined {
  if (states.length < 2) return states[0];
  return (
    states.find((state) => last.get(state.parent ?? "")?.next.some((one) => one.to === state.path)) ??
    states.find((state) => !last.has(state.parent ?? "")) ??
    states[0]
  );
}

function merged(before: Visit | undefined, step: Step, now: number): Visit {
  const ms = (step.finished_at ? Date.parse(step.finished_at) : now) - Date.parse(step.started_at);
  if (!before) return { status: step.status, times: 1, attempts: step.attempts, ms, error: step.error, steps: [step] };
  return {
    status: RANK[step.status] > RANK[before.status] ? step.status : before.status,
    times: before.times + 1,
    attempts: before.attempts + step.attempts,
    ms: (before.ms ?? 0) + ms,
    error: step.error ?? before.error,
    steps: [...before.steps, step],
  };
}
