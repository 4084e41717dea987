/** A request as a visitor has filled it in. */
export interface FilledRequest {
  method: string;
  url: string;
  token: string;
  /** Text is JSON. */
  body: string | File | undefined;
}
