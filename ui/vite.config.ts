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

export default defineConfig({
  base: './',
  plugins: [react(), themeStylesheet(), withoutEmbeddedFonts()],
  build: {
    target: ['es2022', 'safari16'],
    // WebKitGTK and WebView2 load from disk: a warning for size is about parse time, and the component library is one large chunk by nature.
    chunkSizeWarningLimit: 1200,
    assetsInlineLimit: 0,
  },
  server: { port: 1420, strictPort: true },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
