/** What is used of jasmine-core; `@types/jasmine` would declare globals that vitest's tests do not have. */
declare module 'jasmine-core' {
  interface Spec {
    getFullName(): string;
  }

  interface SpecResult {
    fullName: string;
    status: string;
    failedExpectations: { message: string }[];
  }

  interface Environment {
    configure(options: {
      random: boolean;
      forbidDuplicateNames: boolean;
      specFilter: (spec: Spec) => boolean;
    }): void;
    addReporter(reporter: { specDone(result: SpecResult): void }): void;
    execute(): Promise<unknown>;
  }

  export function boot(): { DEFAULT_TIMEOUT_INTERVAL: number; getEnv(): Environment };
}
