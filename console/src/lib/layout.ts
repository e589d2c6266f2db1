// Where the states of a workflow lie: layers from top to bottom, nested states inside the box of theirs.
import { Graph, layout } from "@dagrejs/dagre";
import type { Workflow, WorkflowState } from "./types";

export interface Box {
  state: WorkflowState;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Edge {
  from: string;
  to: string;
  label: string | null;
  points: { x: number; y: number }[];
  labelAt: { x: number; y: number } | null;
}

export interface Drawing {
  width: number;
  height: number;
  boxes: Box[];
  groups: Box[];
  dots: { id: string; x: number; y: number; end: boolean }[];
  edges: Edge[];
}

const LETTER = 7.4;
const SMALL_LETTER = 6.2;
const START = "start:";
const END = "end:";
const MARGIN = 16;
const LABEL_LETTERS = 30;

export const short = (text: string, letters: number): string => (text.length > letters ? `${text.slice(0, letters - 1)}…` : text);

export function draw(workflow: Workflow): Drawing {
  const graph = new Graph({ compound: true, multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 28, ranksep: 40, edgesep: 18, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const within = new Map<string, WorkflowState[]>();
  for (const state of workflow.states) {
    const level = state.parent ?? "";
    within.set(level, [...(within.get(level) ?? []), state]);
  }
  const containers = new Set([...within.keys()].filter(Boolean));
  // A dot cannot lie on a box that holds others, so ways to a container lead to the place where its inside begins.
  const first = (path: string): string => (containers.has(path) ? START + path : path);
  const last = (path: string): string => (containers.has(path) ? END + path : path);
  for (const state of workflow.states) {
    if (containers.has(state.path)) graph.setNode(state.path, {});
    else {
      const letters = Math.max(short(state.name, 34).length * LETTER, (state.type.length + 10) * SMALL_LETTER);
      graph.setNode(state.path, { width: Math.max(132, letters + 58), height: 50 });
    }
  }
  for (const [level, states] of within) {
    const begin = START + level;
    const finish = END + level;
    graph.setNode(begin, { width: 16, height: level ? 30 : 16 });
    graph.setNode(finish, { width: 16, height: 16 });
    const starts = level ? (workflow.states.find((state) => state.path === level)?.starts ?? []) : [workflow.start_at];
    for (const start of starts) if (states.some((state) => state.path === start)) graph.setEdge(begin, first(start), { weight: 4 }, "start");
    for (const state of states) {
      if (state.end) graph.setEdge(last(state.path), finish, { weight: 2 }, "end");
      state.next.forEach((next, index) => {
        const label = next.label ? short(next.label, LABEL_LETTERS) : "";
        graph.setEdge(
          last(state.path),
          first(next.to),
          { weight: 3, labelpos: "c", ...(label ? { width: label.length * SMALL_LETTER + 12, height: 18 } : {}) },
          `${index}`,
        );
      });
    }
    if (level) for (const id of [begin, finish, ...states.map((state) => state.path)]) graph.setParent(id, level);
  }
  layout(graph);
  return read(graph, workflow, containers);
}

function read(graph: Graph, workflow: Workflow, containers: Set<string>): Drawing {
  const box = (state: WorkflowState): Box => {
    const node = graph.node(state.path) as { x: number; y: number; width: number; height: number };
    return { state, x: node.x - node.width / 2, y: node.y - node.height / 2, width: node.width, height: node.height };
  };
  const groups = workflow.states.filter((state) => containers.has(state.path)).map(box);
  const boxes = workflow.states.filter((state) => !containers.has(state.path)).map(box);
  const dots = graph
    .nodes()
    .filter((id) => id.startsWith(START) || id.startsWith(END))
    .map((id) => {
      const node = graph.node(id) as { x: number; y: number };
      return { id, x: node.x, y: node.y, end: id.startsWith(END) };
    });
  const labels = new Map(workflow.states.map((state) => [state.path, state.next]));
  const edges = graph.edges().map((edge) => {
    const drawn = graph.edge(edge) as { points: { x: number; y: number }[]; x?: number; y?: number };
    const from = bare(edge.v);
    const label = /^\d+$/.test(edge.name ?? "") ? (labels.get(from)?.[Number(edge.name)]?.label ?? null) : null;
    return {
      from: edge.name === "start" ? bare(edge.v) : from,
      to: edge.name === "end" ? "" : bare(edge.w),
      label,
      points: drawn.points,
      labelAt: label && drawn.x !== undefined && drawn.y !== undefined ? { x: drawn.x, y: drawn.y } : null,
    };
  });
  const whole = graph.graph() as { width?: number; height?: number };
  // The graph's own size is that of its nodes: a way that goes around them may reach further.
  const reach = Math.max(0, ...edges.flatMap((edge) => edge.points.map((point) => point.x)));
  const width = Math.ceil(Math.max(whole.width ?? 0, reach + MARGIN));
  return { width, height: Math.ceil(whole.height ?? 0), boxes, groups, dots, edges };
}

/** The state's path of a node's id. */
const bare = (id: string): string => (id.startsWith(START) ? id.slice(START.length) : id.startsWith(END) ? id.slice(END.length) : id);

/** A path through points, its corners rounded. */
export function curve(points: { x: number; y: number }[]): string {
  const [begin, ...rest] = points;
  if (!begin) return "";
  let text = `M${begin.x.toFixed(1)} ${begin.y.toFixed(1)}`;
  let last = begin;
  for (let i = 0; i < rest.length - 1; i++) {
    const here = rest[i]!;
    const next = rest[i + 1]!;
    const mid = i === rest.length - 2 ? next : { x: (here.x + next.x) / 2, y: (here.y + next.y) / 2 };
    const upright = Math.abs(last.x - here.x) < 0.5 && Math.abs(here.x - mid.x) < 0.5;
    last = mid;
    if (upright) text += ` L${mid.x.toFixed(1)} ${mid.y.toFixed(1)}`;
    else text += ` Q${here.x.toFixed(1)} ${here.y.toFixed(1)} ${mid.x.toFixed(1)} ${mid.y.toFixed(1)}`;
  }
  if (rest.length === 1) text += ` L${rest[0]!.x.toFixed(1)} ${rest[0]!.y.toFixed(1)}`;
  return text;
}
