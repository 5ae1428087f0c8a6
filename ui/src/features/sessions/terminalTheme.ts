/** The terminal's colours in the console's two modes. Every one of the sixteen can be read on its ground (at least 4.5 : 1, save black on black). */
import type { ITheme } from '@xterm/xterm';

const LIGHT: ITheme = {
  background: '#fbfcfc',
  foreground: '#1a2427',
  cursor: '#0a6a6f',
  cursorAccent: '#ffffff',
  selectionBackground: '#b9dedb',
  selectionInactiveBackground: '#d9e6e5',
  black: '#10181a',
  red: '#b3261e',
  green: '#1d7f45',
  yellow: '#8a5a00',
  blue: '#1f5fbf',
  magenta: '#8b2fa8',
  cyan: '#0a6a6f',
  white: '#4d5b5e',
  brightBlack: '#5c6b6e',
  brightRed: '#c4352c',
  brightGreen: '#1b7a41',
  brightYellow: '#8f5f05',
  brightBlue: '#2a6bcc',
  brightMagenta: '#9a3fb6',
  brightCyan: '#0b7379',
  brightWhite: '#243034',
};

const DARK: ITheme = {
  background: '#0b1113',
  foreground: '#e2eaea',
  cursor: '#4fd0c7',
  cursorAccent: '#06282b',
  selectionBackground: '#1f4f4e',
  selectionInactiveBackground: '#233437',
  black: '#1b2528',
  red: '#ff8a80',
  green: '#5fcf8f',
  yellow: '#f2b84b',
  blue: '#8fc4ff',
  magenta: '#d7a6ff',
  cyan: '#4fd0c7',
  white: '#c9d3d4',
  brightBlack: '#93a3a6',
  brightRed: '#ffb0a9',
  brightGreen: '#8be3b0',
  brightYellow: '#ffd27f',
  brightBlue: '#b5d8ff',
  brightMagenta: '#e6c8ff',
  brightCyan: '#86e3dc',
  brightWhite: '#ffffff',
};

export function terminalTheme(dark: boolean): ITheme {
  return dark ? DARK : LIGHT;
}

/** The console's own faces first: their Hangul is exactly two cells wide, so that a line of both stays in its columns. */
export const TERMINAL_FONTS =
  "'JetBrains Mono', 'D2Coding Hangul', 'SFMono-Regular', Menlo, Consolas, D2Coding, NanumGothicCoding, 'Noto Sans Mono CJK KR', 'DejaVu Sans Mono', monospace";
