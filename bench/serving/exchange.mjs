// One request on a connection of its own, as bytes: also what no HTTP client would send.
import { connect } from 'node:net';

/** Longer than any limit of the server: whoever is not answered by then never is. */
const PATIENCE_MS = 60_000;
let connections = 0;

/**
 * Sends bytes and returns the status and body of the answer; without an answer, the status is 0.
 *
 * @param trickleMs sends a byte each so many milliseconds, for ever: only the server's own patience ends it
 * @param hangUpMs closes the connection after so many milliseconds
 */
export function exchange(port, bytes, { trickleMs, hangUpMs } = {}) {
  return new Promise((resolve) => {
    // Many addresses of this machine: the ports of one would be used up, and attackers have many.
    const localAddress = `127.0.1.${(connections++ % 250) + 1}`;
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    let answer = '';
    const timers = [setTimeout(() => socket.destroy(), PATIENCE_MS)];
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
      // The server keeps some connections, for the client's next request.
      if (isComplete(answer)) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      timers.forEach(clearInterval);
      const status = answer === '' ? 0 : Number(answer.slice(9, 12));
      resolve({ status, body: answer.slice(answer.indexOf('\r\n\r\n') + 4) });
    });
    if (hangUpMs !== undefined) timers.push(setTimeout(() => socket.destroy(), hangUpMs));
    if (trickleMs === undefined) return void socket.write(bytes);
    let sent = 0;
    timers.push(setInterval(() => socket.write(bytes.subarray(sent, ++sent)), trickleMs));
  });
}

function isComplete(answer) {
  const headEnd = answer.indexOf('\r\n\r\n');
  const length = /content-length: (\d+)/i.exec(answer.slice(0, headEnd))?.[1];
  return headEnd >= 0 && length !== undefined && answer.length >= headEnd + 4 + Number(length);
}
