// Bars and lines over time, drawn as SVG.
import { useState } from "preact/hooks";
import { clock, count } from "./format";
import { useWidth } from "./hooks";

export interface Series {
  name: string;
  look: string;
  values: (number | null)[];
}

interface Props {
  title: string;
  times: number[];
  period: number;
  series: Series[];
  kind: "bars" | "lines";
  /** The values are milliseconds. */
  lasting?: boolean;
  format: (value: number) => string;
}

const HEIGHT = 190;
const LEFT = 52;
const BOTTOM = 22;
const TOP = 10;

/** A round number at or above the value, and the steps to it. */
export function scaleOf(most: number, steps = 4): number[] {
  if (most <= 0) return [0, 1];
  const rough = most / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const step = most >= steps ? Math.max(1, Number.isInteger(most) ? Math.ceil(unit) : unit) : unit;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}

/** Milliseconds in the largest unit that the longest of them fills twice, so that the steps are round ones of it. */
export function unitOf(most: number): [number, string] {
  const units: [number, string][] = [
    [3_600_000, "h"],
    [60_000, "min"],
    [1000, "s"],
  ];
  return units.find(([size]) => most >= 2 * size) ?? [1, "ms"];
}

export function Chart({ title, times, period, series, kind, lasting, format }: Props) {
  const [ref, width] = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const totals = times.map((_, index) =>
    kind === "bars" ? series.reduce((sum, one) => sum + (one.values[index] ?? 0), 0) : Math.max(0, ...series.map((one) => one.values[index] ?? 0)),
  );
  const longest = Math.max(0, ...totals);
  const [unit, unitName] = lasting ? unitOf(longest) : [1, ""];
  const ticks = scaleOf(longest / unit).map((tick) => tick * unit);
  const most = ticks[ticks.length - 1] ?? 1;
  const inner = Math.max(10, width - LEFT - 8);
  const slot = inner / Math.max(1, times.length);
  const x = (index: number): number => LEFT + slot * (index + 0.5);
  const y = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most);
  const days = times.length > 1 && (times[times.length - 1] ?? 0) - (times[0] ?? 0) > 2 * 86_400_000;
  const every = Math.max(1, Math.ceil(times.length / Math.max(2, Math.floor(inner / 90))));
  const told = at === null ? null : times[at];
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend">
          {series.map((one) => (
            <li class={one.look}>{one.name}</li>
          ))}
        </ul>
      </figcaption>
      <div class="plot" ref={ref}>
        {width > 0 && (
          <svg
            width={width}
            height={HEIGHT}
            role="img"
            aria-label={`${title}: ${series.map((one) => `${one.name} ${sum(one, kind, format)}`).join(", ")}`}
            onPointerMove={(event) => {
              const index = Math.floor((event.offsetX - LEFT) / slot);
              setAt(index >= 0 && index < times.length ? index : null);
            }}
            onPointerLeave={() => setAt(null)}
          >
            {ticks.map((tick) => (
              <g class="tick">
                <line x1={LEFT} x2={width - 8} y1={y(tick)} y2={y(tick)} />
                <text x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
                  {lasting ? `${Math.round((tick / unit) * 100) / 100} ${unitName}` : format(tick)}
                </text>
              </g>
            ))}
            {times.map((time, index) =>
              index % every === 0 && x(index) > LEFT + 16 && x(index) < width - 24 ? (
                <text class="when" x={x(index)} y={HEIGHT - 5} text-anchor="middle">
                  {clock(time, days)}
                </text>
              ) : null,
            )}
            {at !== null && <rect class="cursor" x={LEFT + slot * at} y={TOP} width={slot} height={HEIGHT - TOP - BOTTOM} />}
            {kind === "bars" ? <Bars {...{ series, times, x, y, slot }} /> : series.map((one) => <Line key={one.name} {...{ one, x, y, slot }} />)}
          </svg>
        )}
        {told !== null && told !== undefined && at !== null && (
          <div class="tip" style={{ left: `${Math.min(Math.max(x(at), 90), Math.max(90, width - 90))}px` }}>
            <strong>
              {clock(told, days)}
              {period < 86_400 ? `–${clock(told + period * 1000, false)}` : ""}
            </strong>
            {series.map((one) => (
              <span class={one.look}>
                {one.name} <b>{one.values[at] === null || one.values[at] === undefined ? "–" : format(one.values[at])}</b>
              </span>
            ))}
          </div>
        )}
      </div>
    </figure>
  );
}

const sum = (one: Series, kind: "bars" | "lines", format: (value: number) => string): string => {
  const values = one.values.filter((value): value is number => value !== null);
  if (!values.length) return "none";
  return kind === "bars" ? format(values.reduce((total, value) => total + value, 0)) : `up to ${format(Math.max(...values))}`;
};

function Bars(props: { series: Series[]; times: number[]; x: (i: number) => number; y: (v: number) => number; slot: number }) {
  const width = Math.max(1, Math.min(28, props.slot - Math.min(3, props.slot * 0.3)));
  return (
    <>
      {props.times.map((_, index) => {
        let below = 0;
        return props.series.map((one) => {
          const value = one.values[index] ?? 0;
          const from = below;
          below += value;
          const height = props.y(from) - props.y(below);
          return value > 0 ? (
            <rect
              class={`bar ${one.look}`}
              x={props.x(index) - width / 2}
              y={props.y(below)}
              width={width}
              height={Math.max(1.5, height)}
              rx={Math.min(2, width / 2)}
            />
          ) : null;
        });
      })}
    </>
  );
}

function Line({ one, x, y, slot }: { one: Series; x: (i: number) => number; y: (v: number) => number; slot: number }) {
  const path = one.values
    .map((value, index) => (value === null ? null : `${one.values[index - 1] === null || index === 0 ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`))
    .filter(Boolean)
    .join("");
  return (
    <g class={`line ${one.look}`}>
      <path d={path} />
      {one.values.map((value, index) => {
        const alone = value !== null && one.values[index - 1] == null && one.values[index + 1] == null;
        return alone || (value !== null && slot > 14) ? <circle cx={x(index)} cy={y(value)} r="2.5" /> : null;
      })}
    </g>
  );
}

export function Spark({ values, look }: { values: number[]; look: string }) {
  const most = Math.max(1, ...values);
  const width = 96;
  const slot = width / Math.max(1, values.length);
  return (
    <svg class={`spark ${look}`} width={width} height="24" viewBox={`0 0 ${width} 24`} aria-hidden="true" preserveAspectRatio="none">
      {values.map((value, index) => (
        <rect x={index * slot} y={24 - (value / most) * 22 - (value ? 2 : 1)} width={Math.max(0.8, slot * 0.7)} height={(value / most) * 22 + (value ? 2 : 1)} rx="0.5" class={value ? "" : "none"} />
      ))}
    </svg>
  );
}

export const number = (value: number): string => count(Math.round(value * 100) / 100);
