// What a dashboard's JSON may hold: Grafana's own types, in which an enum is the value that stands in the JSON, and a panel's
// options are those of its kind. Literals of these types may have no other member.
import type {
  AnnotationContainer, Dashboard, DataQuery, DataSourceRef, FieldConfig, GraphFieldConfig, Panel, RowPanel, VariableModel,
} from "@grafana/schema";
import type { Options as StatOptions } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type { Options as GraphOptions } from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Plain<T> = unknown extends T ? unknown
  : T extends string ? `${T}`
  : T extends number ? (number extends T ? number : `${T}` extends `${infer N extends number}` ? N : never)
  : T extends boolean | null | undefined ? T
  : T extends Array<infer Each> ? Array<Plain<Each>>
  : { [Name in keyof T]: Plain<T[Name]> };

type Source = { type: "prometheus"; uid: "${datasource}" };
type Target = Pick<DataQuery, "refId"> & {
  datasource: Source; expr: string; legendFormat: string; instant: boolean; range: boolean;
};
type Frame = Plain<Omit<Panel, "type" | "options" | "fieldConfig" | "targets" | "datasource" | "title" | "description">>;
type Of<Kind extends string, Options, Defaults> = Frame & {
  type: Kind; title: string; description: string; datasource: Source; targets: Target[];
  options: Plain<Options>; fieldConfig: { defaults: Defaults; overrides: [] };
};
type Defaults = Plain<Omit<FieldConfig, "custom" | "unit">> & { unit: string };

export type Stat = Of<"stat", StatOptions, Defaults>;
export type TimeSeries = Of<"timeseries", GraphOptions, Defaults & { custom: Plain<GraphFieldConfig> }>;
export type Row = Plain<RowPanel>;
type Variable = Plain<Omit<VariableModel, "datasource">> & { datasource?: Source };
export type Rest = Plain<Omit<Dashboard, "panels" | "templating" | "annotations">> & {
  templating: { list: Variable[] }; annotations?: Plain<AnnotationContainer>; panels: Array<Row | Stat | TimeSeries>;
};
