// The way between the applications and the server: a TCP proxy that passes everything on until it is told to cut all connections or to
// stand still, or to forget those there are. It understands nothing of what passes.
import { connect, createServer, type Server, type Socket } from 'node:net';

/** One connection, both ends. */
interface Line {
  readonly near: Socket;
  readonly far: Socket;
}

export interface ProxyPorts {
  readonly port: number;
  readonly serverPort: number;
}

export class DatabaseProxy {
  readonly #ports: ProxyPorts;
  readonly #lines = new Set<Line>();
  readonly #forgotten = new Set<Line>();
  readonly #listener: Server;
  #isFrozen = false;

  constructor(ports: ProxyPorts) {
    this.#ports = ports;
    this.#listener = createServer((near) => this.#accept(near));
  }

  get port(): number {
    return this.#ports.port;
  }

  /** Takes connections, at the loopback address. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.listen(this.#ports.port, '127.0.0.1', resolve);
    });
  }

  /** Cuts every connection (RST) at both ends. Returns how many there were. */
  cut(): number {
    const lines = [...this.#lines];
    for (const { near, far } of lines) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    return lines.length;
  }

  /** Not a byte passes any more, in either direction, nor does a new connection; nobody is told. */
  freeze(): void {
    this.#isFrozen = true;
    for (const { near, far } of this.#lines) for (const socket of [near, far]) socket.pause();
  }

  /** For good, not a byte passes on the connections that there are, as on a way that has forgotten them; new ones are taken. Returns how many. */
  forget(): number {
    const lines = [...this.#lines];
    for (const line of lines) {
      this.#forgotten.add(line);
      this.#lines.delete(line);
      for (const socket of [line.near, line.far]) socket.pause();
    }
    return lines.length;
  }

  /** Everything that waited passes. */
  heal(): void {
    this.#isFrozen = false;
    for (const { near, far } of this.#lines) for (const socket of [near, far]) socket.resume();
  }

  close(): void {
    this.#listener.close();
    this.cut();
    for (const { near, far } of this.#forgotten) for (const socket of [near, far]) socket.destroy();
  }

  #accept(near: Socket): void {
    const far = connect({ port: this.#ports.serverPort, host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    const line = { near, far };
    this.#lines.add(line);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes: Buffer) => {
        if (to.write(bytes) || this.#isFrozen) return;
        from.pause();
        to.once('drain', () => !this.#isFrozen && !this.#forgotten.has(line) && from.resume());
      });
      from.on('error', () => {});
      from.on('end', () => to.end());
      from.on('close', () => {
        if (this.#forgotten.has(line)) return;
        this.#lines.delete(line);
        // A server that is not there refuses: so does the proxy.
        if (from.errored !== null && from.errored !== undefined) to.resetAndDestroy();
        else to.destroySoon();
      });
    }
    if (this.#isFrozen) for (const socket of [near, far]) socket.pause();
  }
}
