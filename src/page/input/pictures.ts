/** Calls back with each picture that is chosen, pasted or dropped on the page. */
export function listenForPictures(file: HTMLInputElement, opened: (picture: Blob) => void): void {
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen) opened(chosen);
    // So that the same file can be chosen again.
    file.value = '';
  });
  const isPicture = ({ type }: { type: string }): boolean => type.startsWith('image/');
  const openFirst = (data: DataTransfer | null): void => {
    const found = [...(data?.files ?? [])].find(isPicture);
    if (found) opened(found);
  };
  document.addEventListener('paste', (event) => {
    openFirst(event.clipboardData);
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  document.addEventListener('dragleave', () => {
    document.body.classList.remove('dropping');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dropping');
    openFirst(event.dataTransfer);
  });
}
