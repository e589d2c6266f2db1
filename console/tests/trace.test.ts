import { describe, expect, it } from "vitest";
import { curve, draw } from "../src/lib/layout";
import { trace, way } from "../src/lib/trace";
import type { Step, Workflow } from "../src/lib/types";

const AT = Date.parse("2026-11-22T01:20:00.000Z");
const at = (ms: number): string => new Date(AT + ms).toISOString();
const step = (name: string, from: number, to: number | null, status: Step["status"] = "SUCCEEDED", more: Partial<Step> = {}): Step => ({
  name,
  type: "Task",
  started_at: at(from),
  finished_at: to === null ? null : at(to),
  status,
  attempts: 1,
  error: null,
  cause: null,
  ...more,
});

const QUOTE: Workflow = {
  machine_arn: "arn",
  type: "STANDARD",
  exact: true,
  start_at: "Price",
  states: [
    { name: "Price", type: "Task", path: "Price", next: [{ to: "Refused", label: "on States.ALL" }], end: true },
    { name: "Refused", type: "Fail", path: "Refused", next: [], end: true },
  ],
};

const IMPORT: Workflow = {
  machine_arn: "arn",
  type: "STANDARD",
  exact: true,
  start_at: "Each",
  states: [
    { name: "Each", type: "Map", path: "Each", next: [{ to: "Done", label: null }], end: false, starts: ["Each/Check"] },
    { name: "Check", type: "Choice", path: "Each/Check", next: [{ to: "Each/Good", label: "rule 1" }, { to: "Each/Bad", label: "otherwise" }], end: false, parent: "Each" },
    { name: "Good", type: "Pass", path: "Each/Good", next: [], end: true, parent: "Each" },
    { name: "Bad", type: "Pass", path: "Each/Bad", next: [], end: true, parent: "Each" },
    { name: "Done", type: "Succeed", path: "Done", next: [], end: true },
  ],
};

describe("the path of a job", () => {
  it("goes by the way that a failure was caught on, and ends where it failed", () => {
    const steps = [step("Price", 0, 80, "CAUGHT", { error: "Oops" }), step("Refused", 80, 80, "FAILED")];
    const { visits, taken } = trace(QUOTE, steps, AT);
    expect([...taken].sort()).toEqual([way("", "Price"), way("Price", "Refused"), way("Refused", "")].sort());
    expect(visits.get("Price")).toMatchObject({ status: "CAUGHT", ms: 80, error: "Oops" });
    expect(visits.get("Refused")?.status).toBe("FAILED");
  });

  it("does not end at a state that failed without being caught", () =>
    expect([...trace(QUOTE, [step("Price", 0, 80, "FAILED")], AT).taken]).toEqual([way("", "Price")]));

  it("counts what a Map goes through, and takes the ways of all its iterations", () => {
    const steps = [step("Each", 0, 90), step("Check", 1, 2), step("Check", 1, 3), step("Good", 3, 4), step("Bad", 3, 5), step("Done", 90, 90)];
    const { visits, taken } = trace(IMPORT, steps, AT);
    expect(visits.get("Each/Check")).toMatchObject({ times: 2, ms: 3 });
    for (const one of [way("Each", "Each/Check"), way("Each/Check", "Each/Good"), way("Each/Check", "Each/Bad"), way("Each", "Done")])
      expect(taken).toContain(one);
  });

  it("lets a running state take until now, and the worst of several ends be seen", () => {
    const steps = [step("Price", 0, 10), step("Price", 20, null, "RUNNING")];
    expect(trace(QUOTE, steps, AT + 50).visits.get("Price")).toMatchObject({ status: "RUNNING", ms: 40, times: 2 });
  });

  it("names steps that the workflow no longer has", () =>
    expect(trace(QUOTE, [step("Gone", 0, 1)], AT).strangers.map((one) => one.name)).toEqual(["Gone"]));
});

describe("the layout", () => {
  it("puts every state somewhere, and what is nested inside its container", () => {
    const drawing = draw(IMPORT);
    const group = drawing.groups[0]!;
    expect(drawing.groups.map((one) => one.state.path)).toEqual(["Each"]);
    expect(drawing.boxes.map((one) => one.state.path)).toEqual(["Each/Check", "Each/Good", "Each/Bad", "Done"]);
    for (const box of drawing.boxes.slice(0, 3)) {
      expect(box.x).toBeGreaterThanOrEqual(group.x);
      expect(box.x + box.width).toBeLessThanOrEqual(group.x + group.width);
      expect(box.y).toBeGreaterThan(group.y);
      expect(box.y + box.height).toBeLessThan(group.y + group.height);
    }
  });

  it("lets no two states overlap", () => {
    const { boxes } = draw(IMPORT);
    for (const [index, one] of boxes.entries())
      for (const other of boxes.slice(index + 1))
        expect(one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y).toBe(true);
  });

  it("draws a way for each way, named as a trace names them", () => {
    const drawn = draw(QUOTE).edges.map((edge) => way(edge.from, edge.to));
    expect(drawn.sort()).toEqual([way("", "Price"), way("Price", "Refused"), way("Price", ""), way("Refused", "")].sort());
  });

  it("is as wide as its ways reach, also around the states", () => {
    const two = { ...QUOTE, states: [{ ...QUOTE.states[0]!, next: [{ to: "Refused", label: "on ClientError, Runtime.Handler" }, { to: "Gone", label: "on States.TaskFailed, States.T" }] }, QUOTE.states[1]!, { ...QUOTE.states[1]!, name: "Gone", path: "Gone" }] };
    const drawing = draw(two);
    const reach = Math.max(...drawing.edges.flatMap((edge) => edge.points.map((point) => point.x)));
    expect(drawing.width).toBeGreaterThan(reach);
  });

  it("draws a state that leads to itself", () => {
    const loop: Workflow = { ...QUOTE, states: [{ name: "Price", type: "Task", path: "Price", next: [{ to: "Price", label: "again" }], end: true }] };
    expect(draw(loop).edges.some((edge) => edge.from === "Price" && edge.to === "Price" && curve(edge.points).startsWith("M"))).toBe(true);
  });
});
