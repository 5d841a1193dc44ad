// Which patches of a picture stayed after token pruning, drawn over it.

/** The part of a picture that the model reads: as large as fits, in the middle. In shares of the picture. */
export function readPart(width, height, wanted) {
  const ratio = wanted.width / wanted.height;
  const [w, h] = width / height > ratio ? [height * ratio / width, 1] : [1, width / ratio / height];
  return { x: (1 - w) / 2, y: (1 - h) / 2, width: w, height: h };
}

/**
 * @param {HTMLCanvasElement} canvas over the picture, as large
 * @param {{width: number, height: number}} picture its pixels
 * @param {{width: number, height: number}} reading pixels that the model reads
 * @param {{columns: number, rows: number}} grid
 * @param {number[]} kept tokens, row by row
 */
export function drawPatches(canvas, picture, reading, grid, kept) {
  const box = canvas.getBoundingClientRect();
  const scale = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.max(1, box.width * scale), Math.max(1, box.height * scale)];
  const pen = canvas.getContext("2d");
  const part = readPart(picture.width, picture.height, reading);
  // The picture is as large as fits, in the middle of its place.
  const shown = Math.min(canvas.width / picture.width, canvas.height / picture.height);
  const [width, height] = [picture.width * shown, picture.height * shown];
  const [x0, y0] = [(canvas.width - width) / 2, (canvas.height - height) / 2];
  const [left, top] = [x0 + part.x * width, y0 + part.y * height];
  const [wide, high] = [part.width * width / grid.columns, part.height * height / grid.rows];
  const stays = new Set(kept);
  const cover = (x, y, w, h) => {
    pen.fillStyle = "rgb(120 120 125 / 0.8)";
    pen.fillRect(x, y, w, h);
  };
  for (let token = 0; token < grid.columns * grid.rows; token += 1) {
    if (stays.has(token)) continue;
    const [x, y] = [left + token % grid.columns * wide, top + Math.floor(token / grid.columns) * high];
    cover(x, y, wide, high);
    // Hatched, for those who see no difference in colour.
    pen.save();
    pen.beginPath();
    pen.rect(x, y, wide, high);
    pen.clip();
    pen.strokeStyle = "rgb(50 50 55 / 0.7)";
    pen.lineWidth = scale;
    pen.beginPath();
    for (let line = -high; line < wide; line += 6 * scale) {
      pen.moveTo(x + line, y + high);
      pen.lineTo(x + line + high, y);
    }
    pen.stroke();
    pen.restore();
  }
  // What lies outside is not read at all.
  const [right, bottom] = [left + part.width * width, top + part.height * height];
  pen.fillStyle = "rgb(60 60 65 / 0.75)";
  pen.fillRect(x0, y0, left - x0, height);
  pen.fillRect(right, y0, x0 + width - right, height);
  pen.fillRect(left, y0, right - left, top - y0);
  pen.fillRect(left, bottom, right - left, y0 + height - bottom);
}
