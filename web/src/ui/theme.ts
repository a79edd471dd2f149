// Light or dark: the system's choice until the reader makes another.

const key = 'tacit-theme';

function remembered(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** theme lets a button change the colour scheme. */
export function theme(button: HTMLElement): void {
  const root = document.documentElement;
  const choice = remembered();
  if (choice) root.dataset.theme = choice;
  button.addEventListener('click', () => {
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    try {
      localStorage.setItem(key, root.dataset.theme);
    } catch {
      // It holds for this visit only.
    }
  });
}
