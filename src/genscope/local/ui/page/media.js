// Images, sounds and files: named, and never fetched. What somebody had said to a model leads wherever they liked.

import { el, said } from "./dom.js";
import { bytes } from "./format.js";

const SHOWN = /^image\/(png|jpeg|gif|webp)$/;
const BASE64 = /^[A-Za-z0-9+/=\s]+$/;

/** A part that is a `uri`, a `file` at the provider, or a `blob`. */
export function reference(part) {
  const modality = String(part.modality ?? "file");
  const place = String(part.uri ?? part.file_id ?? "");
  const about = [part.mime_type, typeof part.size === "number" ? bytes(part.size) : null].filter(Boolean).map(String);
  return el(
    "figure",
    { class: "reference" },
    picture(part),
    el(
      "figcaption",
      {},
      el("strong", {}, said(modality)),
      about.length ? [" ", said(about.join(" · "))] : "",
      place
        ? el(
            "code",
            { title: "Not loaded: it is only a reference" },
            said(place.length > 300 ? `${place.slice(0, 300)}…` : place),
          )
        : "",
    ),
  );
}

/** Of bytes that are here anyway. */
function picture(part) {
  const data = part.content ?? part.data;
  const isImage =
    part.type === "blob" && typeof data === "string" && SHOWN.test(part.mime_type) && BASE64.test(data.slice(0, 1000));
  return isImage
    ? el("img", { src: `data:${part.mime_type};base64,${data}`, alt: "An image that was sent along", loading: "lazy" })
    : null;
}
