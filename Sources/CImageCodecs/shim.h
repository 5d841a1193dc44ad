/* PNG: libspng; JPEG: TurboJPEG; WebP: libwebp. */
#include <spng.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include <webp/encode.h>
