#!/usr/bin/env bash
# Renders every icon the bundles, the window and the tray use from the SVG sources beside this script.
# Needs rsvg-convert (librsvg2-bin), icotool (icoutils) and png2icns (icnsutils); the results are committed, so only a change of the drawing needs it.
set -euo pipefail
cd "$(dirname "$0")"
render() { rsvg-convert --width "$2" --height "$2" "$1" --output "$3"; }

for size in 16 24 32; do render quarterdeck-small.svg $size ${size}x${size}.png; done
for size in 48 64 128 256 512 1024; do render quarterdeck.svg $size ${size}x${size}.png; done
cp 256x256.png 128x128@2x.png
cp 512x512.png icon.png
icotool --create --output icon.ico 16x16.png 24x24.png 32x32.png 48x48.png 64x64.png --raw 256x256.png
png2icns icon.icns 16x16.png 32x32.png 48x48.png 128x128.png 256x256.png 512x512.png 1024x1024.png >/dev/null

render quarterdeck-small.svg 32 tray-colour.png
for source in tray-*.svg; do render "$source" 32 "${source%.svg}.png"; done
for template in tray-template tray-attention-template; do render $template.svg 44 "$template.png"; done
