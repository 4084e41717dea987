/** What the camera needs of the page. */
export interface CameraParts {
  video: HTMLVideoElement;
  /** Shown while the camera is off, and while it is on. */
  tools: { off: HTMLElement; on: HTMLElement };
  open: HTMLButtonElement;
  take: HTMLButtonElement;
  close: HTMLButtonElement;
  /** Receives the picture that was taken. */
  taken: (picture: ImageBitmap) => void;
  /** Receives why there is none. */
  complain: (text: string) => void;
}

const REASONS: Readonly<Record<string, string>> = {
  NotAllowedError: 'The camera may not be used: allow it in the browser’s settings for this page.',
  NotFoundError: 'No camera was found.',
  NotReadableError: 'The camera is used by another program.',
};

/** Offers the camera where the browser has access to one: on this machine, and over HTTPS. */
export function offerCamera(parts: CameraParts): void {
  const { mediaDevices } = navigator as Partial<Navigator>;
  // Without a secure context there is none.
  if (!mediaDevices) return;
  parts.open.hidden = false;
  parts.open.addEventListener('click', () => {
    start(mediaDevices, parts).catch((error: unknown) => {
      stop(parts);
      parts.complain(REASONS[nameOf(error)] ?? 'The camera cannot be used.');
    });
  });
  parts.take.addEventListener('click', () => {
    void middleOf(parts.video).then((picture) => {
      stop(parts);
      parts.taken(picture);
    });
  });
  parts.close.addEventListener('click', () => {
    stop(parts);
  });
  // Nobody wants a camera that stays on in a hidden tab.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) stop(parts);
  });
}

async function start(devices: MediaDevices, parts: CameraParts): Promise<void> {
  parts.open.disabled = true;
  const ideal = { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 1280 } };
  parts.video.srcObject = await devices.getUserMedia({ video: ideal, audio: false });
  await parts.video.play();
  parts.video.hidden = parts.tools.on.hidden = false;
  parts.tools.off.hidden = true;
  parts.take.focus();
}

function stop({ video, tools, open }: CameraParts): void {
  const stream = video.srcObject;
  if (stream instanceof MediaStream) for (const track of stream.getTracks()) track.stop();
  video.srcObject = null;
  video.hidden = tools.on.hidden = true;
  const wasOn = tools.off.hidden;
  tools.off.hidden = open.disabled = false;
  if (wasOn) open.focus();
}

/** The square that the page shows of the camera's picture. */
function middleOf(video: HTMLVideoElement): Promise<ImageBitmap> {
  const { videoWidth, videoHeight } = video;
  const side = Math.min(videoWidth, videoHeight);
  return createImageBitmap(video, (videoWidth - side) / 2, (videoHeight - side) / 2, side, side);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
