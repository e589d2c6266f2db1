// A workflow as a graph, with the path that a job took.
import { useMemo, useState } from "preact/hooks";
import { duration } from "./format";
import { useWidth } from "./hooks";
import { curve, draw, short } from "./layout";
import { way, type Trace, type Visit } from "./trace";
import type { Workflow } from "./types";
import { Icon, lookOf, words } from "./ui";

const GLYPHS: Record<string, string> = {
  Task: "M4 5h16v11H4zM9 20h6",
  Choice: "M12 3l9 9-9 9-9-9z",
  Parallel: "M5 5v14M12 5v14M19 5v14",
  Map: "M5 6h14M5 12h14M5 18h14",
  Wait: "M12 7v5l3 2M12 3a9 9 0 1 0 .01 0",
  Pass: "M4 12h15M14 7l5 5-5 5",
  Succeed: "M5 12.5l4.5 4.5L19 7.5",
  Fail: "M6 6l12 12M18 6L6 18",
};

const MARKS: Record<string, string> = {
  SUCCEEDED: "M5 12.5l4.5 4.5L19 7.5",
  FAILED: "M6 6l12 12M18 6L6 18",
  CAUGHT: "M12 5v8M12 18h.01",
  RUNNING: "M8 5l11 7-11 7z",
  ABORTED: "M7 7h10v10H7z",
};

const ZOOMS = [0.4, 0.55, 0.7, 0.85, 1, 1.25, 1.6];

export default function WorkflowGraph(props: {
  workflow: Workflow;
  trace: Trace | null;
  selected: string | null;
  onSelect: (path: string | null) => void;
}) {
  const drawing = useMemo(() => draw(props.workflow), [props.workflow]);
  const [ref, width] = useWidth();
  const [zoom, setZoom] = useState<number | null>(null);
  const fit = Math.min(1, Math.max(0.4, (width - 4) / drawing.width || 1));
  const scale = zoom ?? fit;
  const step = (by: number): void => {
    const index = ZOOMS.findIndex((one) => one >= scale - 0.01);
    setZoom(ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, (index < 0 ? ZOOMS.length - 1 : index) + by))] ?? 1);
  };
  const { trace } = props;
  return (
    <figure class="graph">
      <div class="graph-tools">
        <button type="button" class="button quiet icon-only" aria-label="Smaller" onClick={() => step(-1)}>
          <Icon name="minus" size={16} />
        </button>
        <button type="button" class="button quiet icon-only" aria-label="Larger" onClick={() => step(1)}>
          <Icon name="plus" size={16} />
        </button>
        <button type="button" class="button quiet icon-only" aria-label="Fit the width" onClick={() => setZoom(null)}>
          <Icon name="fit" size={16} />
        </button>
      </div>
      <div class="graph-room" ref={ref} tabIndex={0} role="region" aria-label="Workflow graph">
        <svg
          width={drawing.width * scale}
          height={drawing.height * scale}
          viewBox={`0 0 ${drawing.width} ${drawing.height}`}
          role="group"
          aria-label={summary(props.workflow, trace)}
          class={trace ? "traced" : ""}
        >
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
              <path d="M0 0.5L8 4L0 7.5z" />
            </marker>
            <marker id="arrow-taken" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">
              <path d="M0 0.5L8 4L0 7.5z" />
            </marker>
          </defs>
          {drawing.groups.map((group) => (
            <g class={`group ${look(trace, group.state.path)}`}>
              <rect x={group.x} y={group.y} width={group.width} height={group.height} rx="12" />
            </g>
          ))}
          {drawing.edges.map((edge) => {
            const taken = trace?.taken.has(way(edge.from, edge.to)) ?? false;
            return (
              <g class={`edge ${taken ? "taken" : ""}`} data-way={way(edge.from, edge.to)}>
                <path d={curve(edge.points)} marker-end={`url(#${taken ? "arrow-taken" : "arrow"})`} />
              </g>
            );
          })}
          {drawing.dots.map((dot) => (
            <circle class={dot.end ? "dot end" : "dot"} cx={dot.x} cy={dot.y} r={dot.end ? 6 : 5} />
          ))}
          {drawing.groups.map((group) => (
            <Title
              x={group.x}
              y={group.y}
              width={group.width}
              path={group.state.path}
              name={group.state.name}
              type={group.state.type}
              {...props}
            />
          ))}
          {drawing.edges.map((edge) =>
            edge.label && edge.labelAt ? (
              <g class="edge-label">
                <title>{edge.label}</title>
                <rect
                  x={edge.labelAt.x - short(edge.label, 30).length * 3.1 - 6}
                  y={edge.labelAt.y - 9}
                  width={short(edge.label, 30).length * 6.2 + 12}
                  height="18"
                  rx="9"
                />
                <text x={edge.labelAt.x} y={edge.labelAt.y + 4} text-anchor="middle">
                  {short(edge.label, 30)}
                </text>
              </g>
            ) : null,
          )}
          {drawing.boxes.map((box) => {
            const visit = trace?.visits.get(box.state.path);
            return (
              <g
                class={`state ${look(trace, box.state.path)} ${props.selected === box.state.path ? "selected" : ""}`}
                transform={`translate(${box.x} ${box.y})`}
                data-state={box.state.path}
                {...asButton(box.state.path, label(box.state.name, box.state.type, trace, box.state.path), props)}
              >
                <rect width={box.width} height={box.height} rx="10" />
                <g class="glyph" transform="translate(12 16) scale(.75)">
                  <path d={GLYPHS[box.state.type] ?? GLYPHS.Task} />
                </g>
                <text class="name" x="38" y="21">
                  {short(box.state.name, 34)}
                </text>{" "}
                <text class="type" x="38" y="38">
                  {visit ? told(visit) : box.state.type}
                </text>
                {visit && (
                  <g class="mark-of" transform={`translate(${box.width - 1} 0)`}>
                    <circle r="9" />
                    <path d={MARKS[visit.status]} transform="translate(-6 -6) scale(.5)" />
                  </g>
                )}
              </g>
            );
          })}
        </svg>
      </div>
    </figure>
  );
}

function Title(props: {
  x: number;
  y: number;
  width: number;
  path: string;
  name: string;
  type: string;
  trace: Trace | null;
  selected: string | null;
  onSelect: (path: string | null) => void;
}) {
  const visit = props.trace?.visits.get(props.path);
  return (
    <g
      class={`group-title ${look(props.trace, props.path)} ${props.selected === props.path ? "selected" : ""}`}
      data-state={props.path}
      transform={`translate(${props.x} ${props.y})`}
      {...asButton(props.path, label(props.name, props.type, props.trace, props.path), props)}
    >
      <rect width={Math.max(40, props.width)} height="26" rx="12" />
      <text x="12" y="18">
        {short(props.name, Math.max(8, Math.floor(props.width / 9) - 8))}{" "}
        <tspan class="type" dx="4">
          {visit ? told(visit) : props.type}
        </tspan>
      </text>
    </g>
  );
}

function asButton(path: string, name: string, props: { selected: string | null; onSelect: (path: string | null) => void }) {
  const toggle = (): void => props.onSelect(props.selected === path ? null : path);
  return {
    role: "button",
    tabindex: 0,
    "aria-pressed": props.selected === path,
    "aria-label": name,
    onClick: toggle,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        toggle();
      }
    },
  } as const;
}

const look = (trace: Trace | null, path: string): string => {
  const visit = trace?.visits.get(path);
  return visit ? `visited ${lookOf(visit.status)}` : trace ? "unvisited" : "";
};

/** What is seen comes first, so that people can say what they see; then what it means. */
function label(name: string, type: string, trace: Trace | null, path: string): string {
  const visit = trace?.visits.get(path);
  if (!visit) return `${name} ${type}${trace ? ", not entered" : ""}`;
  return `${name} ${told(visit)}, ${type}, ${words(visit.status)}`;
}

function told(visit: Visit): string {
  const times = visit.times > 1 ? `${visit.times}×` : "";
  const attempts = visit.attempts > visit.times ? `${visit.attempts} attempts` : "";
  return [duration(visit.ms), times, attempts].filter(Boolean).join(" · ");
}

function summary(workflow: Workflow, trace: Trace | null): string {
  const states = `Workflow of ${workflow.states.length} states`;
  if (!trace) return states;
  const failed = [...trace.visits].filter(([, visit]) => visit.status === "FAILED").map(([path]) => path);
  return `${states}, ${trace.visits.size} entered${failed.length ? `, failed: ${failed.join(", ")}` : ""}`;
}
