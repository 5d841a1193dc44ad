/* PNG: libspng; JPEG: TurboJPEG writes; WebP: libwebp; GIF: giflib; AVIF and HEIC: libheif. JPEG and TIFF are read
 * through CImageShims. */
#include <gif_lib.h>
#include <libheif/heif.h>
#include <spng.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include <webp/encode.h>
