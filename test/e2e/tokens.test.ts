import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { runCommand, type Ended } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

it('tokens are created, listed and revoked; the audit log has both changes', async () => {
  const cwd = await temporaryFolder();
  const run = (...words: string[]): Promise<Ended> => runCommand([...words, '--json'], { cwd });
  const created = (await run('tokens', 'create', '--role', 'administer', '--label', 'root')).result();
  const id = String(created['id']);
  expect((await stat(join(cwd, 'tokens.json'))).mode & 0o777).toBe(0o600);
  expect((await run('tokens', 'list')).result()).toMatchObject({
    tokens: [{ id, name: 'root', hash: 'sha256' }],
  });
  expect((await run('tokens', 'revoke', id)).result()).toMatchObject({ revoked: id });
  const { records } = (await run('audit', 'list')).result();
  expect(records).toMatchObject([
    { action: 'tokens create', subject: `token ${id}` },
    { action: 'tokens revoke', subject: `token ${id}` },
  ]);
});

it('an id where none is taken is refused, as is a file that others can read', async () => {
  const cwd = await temporaryFolder();
  for (const action of ['create', 'list']) {
    const { code, stderr } = await runCommand(['tokens', action, '0123456789ab'], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`"tokens ${action}" takes no id`)]);
  }
  await expect(stat(join(cwd, 'tokens.json'))).rejects.toThrow();
  expect((await runCommand(['tokens', 'create'], { cwd })).code).toBe(0);
  await chmod(join(cwd, 'tokens.json'), 0o644);
  const { code, stderr } = await runCommand(['tokens', 'list'], { cwd });
  expect([code, stderr]).toEqual([2, expect.stringContaining('chmod 600 tokens.json')]);
});
