import { PORT, USER } from './image.js';

/** A compose file: one unprivileged container whose only writable folder is in memory. */
export function compose(image: string): string {
  return `services:
  classifier:
    build: .
    image: ${JSON.stringify(image)}
    # Reachable from this machine only; for others, put a proxy with TLS in front.
    ports: ["127.0.0.1:${PORT}:${PORT}"]
    user: "${USER}:${USER}"
    read_only: true
    tmpfs: ["/tmp"]
    cap_drop: ["ALL"]
    security_opt: ["no-new-privileges:true"]
    secrets:
      - source: tokens
        target: tokens.json
    deploy:
      resources:
        limits: { cpus: "2", memory: 1G }
        reservations: { cpus: "0.5", memory: 512M }
    healthcheck:
      test: ["CMD", "node", "-e", "fetch('http://127.0.0.1:${PORT}/v2/health/ready').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
      interval: 10s
      timeout: 3s
      start_period: 20s
    stop_grace_period: 30s
    restart: unless-stopped

secrets:
  tokens:
    file: ./tokens.json
`;
}
