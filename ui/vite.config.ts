import { readFileSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { build, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const THEME = 'virtual:theme.css';

/** The theme as a static style sheet, so that a strict content security policy holds and first paint has its colours. */
function themeStylesheet(): Plugin {
  return {
    name: 'theme-stylesheet',
    resolveId: (id) => (id === THEME ? `\0${THEME}` : undefined),
    async load(id) {
      if (id !== `\0${THEME}`) return undefined;
      const bundle = await build({
        configFile: false,
        logLevel: 'error',
        ssr: { noExternal: true },
        build: { ssr: './src/theme/stylesheet.ts', write: false },
      });
      const code = 'output' in bundle ? bundle.output[0].code : '';
      const module = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as { stylesheet: string };
      this.addWatchFile(new URL('./src/theme/tokens.ts', import.meta.url).pathname);
      return module.stylesheet;
    },
  };
}

/** Cloudscape's global styles carry 300 kB of embedded Latin fonts that this console does not use. */
function withoutEmbeddedFonts(): Plugin {
  return {
    name: 'without-embedded-fonts',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('global-styles/index.css')) return undefined;
      return { code: code.replace(/@font-face\s*\{[^}]*\}/g, ''), map: null };
    },
  };
}

/** Faces that every page uses from its first word on: asked for with the page, not after its styles are read. */
const FIRST_FACES = /pretendard-latin-(400|700)-normal[^/]*\.woff2$/;

const LICENCES = ['@fontsource/pretendard', '@fontsource-variable/jetbrains-mono'];

/** Fonts that are there with the first paint, and their licence beside them, as it asks. */
function fonts(): Plugin {
  const licence = (name: string) => readFileSync(new URL(`./node_modules/${name}/LICENSE`, import.meta.url), 'utf8');
  return {
    name: 'fonts',
    apply: 'build',
    generateBundle() {
      // The package of D2Coding carries no text of the licence that it names; it is the same as that of the others.
      const d2coding = 'D2Coding (as `D2Coding Hangul`): Copyright (c) 2015, NAVER Corporation (https://www.navercorp.com/), with Reserved Font Name D2Coding.\nLicensed under the SIL Open Font License, Version 1.1, as below.\n';
      const source = [d2coding, ...LICENCES.map((name) => `${name}\n\n${licence(name)}`)].join('\n\n');
      this.emitFile({ type: 'asset', fileName: 'assets/font-licences.txt', source });
    },
    transformIndexHtml: {
      order: 'post',
      handler: (_, { bundle }) =>
        Object.keys(bundle ?? {})
          .filter((name) => FIRST_FACES.test(name))
          .map((name) => ({ tag: 'link', injectTo: 'head' as const, attrs: { rel: 'preload', as: 'font', type: 'font/woff2', href: `./${name}`, crossorigin: '' } })),
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [react(), themeStylesheet(), withoutEmbeddedFonts(), fonts()],
  build: {
    target: ['es2022', 'safari16'],
    // WebKitGTK and WebView2 load from disk: a warning for size is about parse time, and the component library is one large chunk by nature.
    chunkSizeWarningLimit: 1200,
    assetsInlineLimit: 0,
  },
  server: { port: 1420, strictPort: true },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
