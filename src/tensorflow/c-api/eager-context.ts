import type { Pointer, TensorFlowApi } from './c-api.js';
import { failureOf } from './failure.js';
import { encodeSessionConfig, type SessionConfig } from './session-config.js';
import { withoutSignals } from './signals.js';

/** A device as TensorFlow names it, such as `/job:localhost/replica:0/task:0/device:GPU:0`. */
interface Device {
  name: string;
  type: string;
}

/** TensorFlow's eager mode: runs one operation at a time, on the first GPU if allowed and present, else on the CPU. */
export class EagerContext {
  readonly api: TensorFlowApi;
  /** The configuration of sessions opened from now on; the eager context itself keeps its initial one. */
  config: SessionConfig;
  readonly pointer: Pointer;
  /** Receives the result of each call; shared by all of them, as they come from one thread. */
  readonly status: Pointer;
  readonly device: string;
  readonly usesGpu: boolean;

  /** Without a usable GPU the CPU is used, even if `config.useGpu` is set. Throws TENSORFLOW_FAILED or OUT_OF_MEMORY. */
  constructor(api: TensorFlowApi, config: SessionConfig) {
    this.api = api;
    this.config = config;
    this.status = api.TF_NewStatus();
    this.pointer = this.#open(config);
    const devices = this.#listDevices();
    const gpu = devices.find(({ type }) => type === 'GPU');
    const cpu = devices.find(({ type }) => type === 'CPU');
    this.usesGpu = gpu !== undefined;
    this.device = (gpu ?? cpu)?.name ?? '';
  }

  /** Throws TENSORFLOW_FAILED or OUT_OF_MEMORY if the last call failed. */
  check(operation: string): void {
    const failure = failureOf(this.api, this.status, operation);
    if (failure) throw failure;
  }

  #open(config: SessionConfig): Pointer {
    const { api, status } = this;
    const options = api.TFE_NewContextOptions();
    try {
      const bytes = encodeSessionConfig(config);
      api.TFE_ContextOptionsSetConfig(options, bytes, bytes.length, status);
      this.check('the session configuration');
      const context = withoutSignals(() => api.TFE_NewContext(options, status));
      this.check('a new context');
      return context;
    } finally {
      api.TFE_DeleteContextOptions(options);
    }
  }

  #listDevices(): Device[] {
    const { api, status } = this;
    const list = api.TFE_ContextListDevices(this.pointer, status);
    this.check('the list of devices');
    const devices = Array.from({ length: api.TF_DeviceListCount(list) }, (_, index) => ({
      name: api.TF_DeviceListName(list, index, status),
      type: api.TF_DeviceListType(list, index, status),
    }));
    api.TF_DeleteDeviceList(list);
    return devices;
  }
}
