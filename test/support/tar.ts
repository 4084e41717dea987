import { Header } from 'tar';

/** A file, or what claims to be one, to be packed. */
export interface TarMember {
  name: string;
  content?: Buffer;
  type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice';
  linkpath?: string;
  /** What its header claims to follow, if not the content. */
  size?: number;
}

/** A tar archive with whatever members it is given. */
export function tar(members: readonly TarMember[]): Buffer {
  const blocks = members.flatMap(({ name, content = Buffer.alloc(0), type = 'File', linkpath, size }) => {
    const block = Buffer.alloc(512);
    const header = new Header({
      path: name,
      size: size ?? content.length,
      type,
      mode: 0o644,
      ...(linkpath !== undefined && { linkpath }),
    });
    header.encode(block);
    return [block, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
