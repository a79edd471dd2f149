import { defineConfig } from 'vite';

// The page is served from any path, by a program without a network: no address
// in the build is absolute, and nothing is loaded from elsewhere. The same
// sources give the same bytes.
export default defineConfig({
  base: './',
  resolve: {
    alias: {
      crypto: new URL('./src/webcrypto.ts', import.meta.url).pathname,
      '@tacit-network/sdk': new URL('../sdk/ts/src/index.ts', import.meta.url).pathname,
    },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    license: { fileName: 'licenses.md' },
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rollupOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: { host: '127.0.0.1' },
});
