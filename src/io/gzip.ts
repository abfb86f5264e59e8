import { Gunzip } from 'fflate';
import { FewstepError } from '../errors.js';

/** Whether the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Decompresses gzip, also several members one after another, and verifies each member's length and checksum.
 * fflate itself checks neither: its stream ends quietly where a truncated file does.
 *
 * @param name the file, for errors
 * @throws `bad-data` for a truncated or damaged file
 */
export function gunzip(bytes: Uint8Array, name: string): Uint8Array {
  let chunks: Uint8Array[] = [];
  const members: Uint8Array[] = [];
  const finishMember = (end: number) => {
    const member = concatenate(chunks);
    requireTrailer(bytes, end, member, name);
    members.push(member);
    chunks = [];
  };
  const stream = new Gunzip((chunk) => chunks.push(chunk));
  stream.onmember = finishMember;
  try {
    stream.push(bytes, true);
  } catch (cause) {
    if (cause instanceof FewstepError) throw cause;
    throw damaged(name, (cause as Error).message, { cause });
  }
  finishMember(bytes.length);
  return concatenate(members);
}

/** A member ends with the CRC-32 and the length modulo 2^32 of what it holds (RFC 1952, section 2.3.1). */
function requireTrailer(bytes: Uint8Array, end: number, member: Uint8Array, name: string): void {
  // Ten bytes of header, at least two of data, eight of trailer.
  if (end < 20) throw damaged(name, `it ends after ${end} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + end - 8, 8);
  if (view.getUint32(4, true) !== member.length >>> 0 || view.getUint32(0, true) !== crc32(member)) {
    throw damaged(name, `what it holds, ${member.length} bytes, does not match its checksum`);
  }
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0];
  const result = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}

function damaged(name: string, what: string, options?: ErrorOptions): FewstepError {
  return new FewstepError(
    'bad-data',
    `${name} is a truncated or damaged gzip file: ${what}`,
    'copy or download the file again; `gzip -t FILE` tells whether it is whole',
    options,
  );
}
