import type { ChosenFrom } from '../../../core/config/resolve.js';
import { recordOf, type PluginRecord } from '../../../core/plugins/records.js';
import { sampleKind, type SourceKind } from '../kinds/source-kind.js';
import { sources } from './index.js';
import { ownSamples } from './own-samples.js';
import type { OwnImages, SourceTask } from './own-source.js';

/** A source that is no file on this machine. */
export interface OwnOrigin {
  /** Its name in the manifest and in messages. */
  readonly description: string;
  /** The plug-in; undefined for images of a program. */
  readonly plugin?: PluginRecord;
  /** How its images become raw files. */
  readonly kind: SourceKind;
}

/** Images that a program hands over. */
export function imagesOfCaller(images: OwnImages): OwnOrigin {
  const description = 'images of a program';
  return { description, kind: kindOf('program', description, () => images) };
}

/** The images of a source that options chose; undefined for files. */
export function imagesOfPlugin({ name, ...options }: ChosenFrom<typeof sources>): OwnOrigin | undefined {
  const plugin = recordOf(sources.kind, name);
  if (!plugin) return undefined;
  const { module } = plugin;
  return {
    description: module,
    plugin,
    kind: kindOf(name, module, (task) => sources.require(name).images(options, task)),
  };
}

function kindOf(
  name: string,
  description: string,
  images: (task: SourceTask) => OwnImages | Promise<OwnImages> | undefined,
): SourceKind {
  return sampleKind({
    name,
    summary: description,
    recognises: () => Promise.resolve(false),
    open: async (_, options, signal) => ownSamples(description, (await images({ signal }))!, options),
  });
}
