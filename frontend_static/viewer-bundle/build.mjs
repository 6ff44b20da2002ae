// Bundles Cornerstone3D into static files with esbuild alone.  usage: node build.mjs OUTPUT_FOLDER
// The layout takes a plugin's place: the packages find their workers by new URL('./decodeImageFrameWorker.js',
// import.meta.url) and new URL('../workers/computeWorker.js', import.meta.url), so entries and chunks lie in lib/.
import * as esbuild from 'esbuild';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(root, 'node_modules');
const cornerstone = path.join(modules, '@cornerstonejs');
const out = path.resolve(process.argv[2]);

const DECODERS = {
  'codec-charls': 'dist/charlswasm_decode.wasm',
  'codec-libjpeg-turbo-8bit': 'dist/libjpegturbowasm_decode.wasm',
  'codec-openjpeg': 'dist/openjpegwasm_decode.wasm',
  'codec-openjph': 'dist/openjphjs.wasm',
  'codec-libjxl': 'dist/jpegxlwasm_decode.wasm',
};

async function bundle() {
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: {
      'lib/cornerstone': 'src/cornerstone.js',
      'lib/decodeImageFrameWorker': path.join(cornerstone, 'dicom-image-loader/dist/esm/decodeImageFrameWorker.js'),
      'workers/computeWorker': path.join(cornerstone, 'tools/dist/esm/workers/computeWorker.js'),
    },
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: ['es2022'],
    minify: true,
    chunkNames: 'lib/chunk-[hash]',
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    alias: { fs: './src/stub-empty.js', path: './src/stub-empty.js', xmlbuilder2: './src/stub-xmlbuilder2.js' },
  });
  return Object.keys(result.metafile.inputs);
}

async function copyDecoders() {
  await mkdir(path.join(out, 'wasm'), { recursive: true });
  for (const [name, file] of Object.entries(DECODERS)) {
    await cp(path.join(cornerstone, name, file), path.join(out, 'wasm', path.basename(file)));
  }
}

/** The licence texts of every package of which something went into the bundle. */
async function writeLicences(inputs) {
  const files = [...inputs, ...Object.keys(DECODERS).map((name) => `node_modules/@cornerstonejs/${name}/x`)];
  const folders = new Set(files.map((file) => file.match(/^(.*node_modules\/(@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean));
  const texts = [];
  for (const folder of [...folders].sort()) {
    const about = JSON.parse(await readFile(path.join(root, folder, 'package.json'), 'utf8'));
    const file = (await readdir(path.join(root, folder))).find((name) => /^(licen[sc]e|copying)/i.test(name));
    const text = file ? await readFile(path.join(root, folder, file), 'utf8') : 'The package holds no licence file.';
    texts.push(`==== ${about.name} ${about.version} (${about.license})\n${text}\n`);
  }
  await writeFile(path.join(out, 'THIRD_PARTY_LICENSES.txt'), texts.join('\n'));
}

await rm(out, { recursive: true, force: true });
const inputs = await bundle();
await copyDecoders();
await writeLicences(inputs);
