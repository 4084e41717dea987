/** The options of the library's functions: those of the commands, with the types that a program sees. */
import type { z } from 'zod';

import type { Choice, Configurable, OptionSpace } from './core/config/resolve.js';
import type { Registry } from './core/registry.js';
import { calibrateFields } from './stages/calibrate/calibrate-options.js';
import { collectSpace } from './stages/collect/collect.js';
import { showDatasetFields } from './stages/datasets/show-dataset-options.js';
import { deploySpace } from './stages/deploy/deploy-options.js';
import { importFields } from './stages/import/import-options.js';
import { embedFields } from './stages/embed/embed-options.js';
import { evaluateSpace } from './stages/evaluate/evaluate-options.js';
import { explainSpace } from './stages/explain/explain-options.js';
import { openFields } from './stages/predict/open-options.js';
import { predictFields } from './stages/predict/predict.js';
import { preprocessFields } from './stages/preprocess/preprocess-options.js';
import { compareRunsFields, pruneRunsFields } from './stages/runs/runs-options.js';
import { searchSpace } from './stages/search/search-options.js';
import { serveFields } from './stages/serve/serve-options.js';
import { trainSpace } from './stages/train/train-options.js';

/**
 * What can be set, by the name of its type below. In the package these types are written out in full, from this table:
 * scripts/declarations.mjs. So they need no declarations of TensorFlow.js, and an editor shows what each option does.
 */
export const optionSpaces = {
  CollectOptions: collectSpace,
  PreprocessOptions: { fields: preprocessFields, choices: {} },
  TrainOptions: trainSpace,
  SearchOptions: searchSpace,
  ImportOptions: { fields: importFields, choices: {} },
  EvaluateOptions: evaluateSpace,
  DeployOptions: deploySpace,
  CalibrateOptions: { fields: calibrateFields, choices: {} },
  PredictOptions: { fields: predictFields, choices: {} },
  OpenOptions: { fields: openFields, choices: {} },
  ExplainOptions: explainSpace,
  EmbedOptions: { fields: embedFields, choices: {} },
  ShowDatasetOptions: { fields: showDatasetFields, choices: {} },
  CompareRunsOptions: { fields: compareRunsFields, choices: {} },
  PruneRunsOptions: { fields: pruneRunsFields, choices: {} },
  ServeOptions: { fields: serveFields, choices: {} },
} as const satisfies Record<string, OptionSpace>;

type Spaces = typeof optionSpaces;

type EntryOf<Option> = Option extends { registry: Registry<infer Entry extends Configurable> }
  ? Entry
  : never;

/** An empty object of zod has every key, none of which may have a value: it adds none here. */
type KeyOf<Union> = Union extends unknown ? (string extends keyof Union ? never : keyof Union) : never;

type ValueOf<Union, Key> = Union extends unknown
  ? string extends keyof Union
    ? never
    : Key extends keyof Union
      ? Union[Key]
      : never
  : never;

/** The options of plug-ins, of which a program gives those of the one it chose. */
type Merged<Union> = { [Key in KeyOf<Union>]?: ValueOf<Union, Key> };

type PluginOptions<Choices> = Merged<
  { [Key in keyof Choices]: z.input<EntryOf<Choices[Key]>['options']> }[keyof Choices]
>;

/** A file of plug-ins, in the place of the name of one of ours. */
export type PluginFile = `./${string}` | `../${string}` | `/${string}` | `file:${string}` | `${string}.mjs`;

type PluginNames<Choices> = { [Key in keyof Choices]?: EntryOf<Choices[Key]>['name'] | PluginFile };

type OptionsOf<Space extends OptionSpace> = z.input<Space['fields']> &
  (Record<string, Choice> extends Space['choices']
    ? unknown
    : PluginNames<Space['choices']> & PluginOptions<Space['choices']>);

export type CollectOptions = OptionsOf<Spaces['CollectOptions']>;
export type PreprocessOptions = OptionsOf<Spaces['PreprocessOptions']>;
export type TrainOptions = OptionsOf<Spaces['TrainOptions']>;
export type SearchOptions = OptionsOf<Spaces['SearchOptions']>;
export type ImportOptions = OptionsOf<Spaces['ImportOptions']>;
export type EvaluateOptions = OptionsOf<Spaces['EvaluateOptions']>;
export type DeployOptions = OptionsOf<Spaces['DeployOptions']>;
export type CalibrateOptions = OptionsOf<Spaces['CalibrateOptions']>;
export type PredictOptions = OptionsOf<Spaces['PredictOptions']>;
export type OpenOptions = OptionsOf<Spaces['OpenOptions']>;
export type ExplainOptions = OptionsOf<Spaces['ExplainOptions']>;
export type EmbedOptions = OptionsOf<Spaces['EmbedOptions']>;
export type ShowDatasetOptions = OptionsOf<Spaces['ShowDatasetOptions']>;
export type CompareRunsOptions = OptionsOf<Spaces['CompareRunsOptions']>;
export type PruneRunsOptions = OptionsOf<Spaces['PruneRunsOptions']>;
export type ServeOptions = OptionsOf<Spaces['ServeOptions']>;
