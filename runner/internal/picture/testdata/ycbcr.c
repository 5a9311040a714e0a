// Prints the RGB that libjpeg-turbo makes of pictures of many sizes, for one
// subsampling. TestYCbCrEqualsLibjpeg holds their digests. With the headers of
// libjpeg-turbo 2.1:
//
//	cc -o ycbcr ycbcr.c -ljpeg
//	for s in 1x1 2x1 2x2 1x2 4x1 4x2; do echo $s $(./ycbcr $s | sha256sum); done
//
// Samples are equal within each block of 8 x 8, and quantisation is by 1: they
// pass through the cosine transform unchanged, whoever computes it.

#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

// sample is the value of a plane in block (x, y): any that differ will do.
static JSAMPLE sample(int plane, int x, int y) {
	unsigned v = 7919u * plane + 104729u * x + 1299709u * y + 12345u;
	v = v * 2654435761u;
	return v >> 24;
}

static unsigned long encode(unsigned char **file, int wide, int high, int width, int height) {
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr errors;
	c.err = jpeg_std_error(&errors);
	jpeg_create_compress(&c);
	unsigned long length = 0;
	jpeg_mem_dest(&c, file, &length);
	c.image_width = width;
	c.image_height = height;
	c.input_components = 3;
	c.in_color_space = JCS_YCbCr;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, 100, TRUE);
	c.raw_data_in = TRUE;
	c.comp_info[0].h_samp_factor = wide;
	c.comp_info[0].v_samp_factor = high;
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < c.image_height) {
		static JSAMPLE samples[3][16][1024];
		JSAMPROW rows[3][16];
		JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};
		for (int p = 0; p < 3; p++) {
			int lines = p == 0 ? 8 * high : 8;
			int first = p == 0 ? c.next_scanline : c.next_scanline / high;
			for (int y = 0; y < lines; y++) {
				rows[p][y] = samples[p][y];
				for (int x = 0; x < 1024; x++)
					samples[p][y][x] = sample(p, x / 8, (first + y) / 8);
			}
		}
		jpeg_write_raw_data(&c, planes, 8 * high);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	return length;
}

static void decode(const unsigned char *file, unsigned long length) {
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr errors;
	d.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&d);
	jpeg_mem_src(&d, file, length);
	jpeg_read_header(&d, TRUE);
	d.out_color_space = JCS_RGB;
	jpeg_start_decompress(&d);
	while (d.output_scanline < d.output_height) {
		static JSAMPLE line[3 * 1024];
		JSAMPROW row = line;
		jpeg_read_scanlines(&d, &row, 1);
		fwrite(line, 3, d.output_width, stdout);
	}
	jpeg_finish_decompress(&d);
	jpeg_destroy_decompress(&d);
}

int main(int argc, char **argv) {
	int wide, high;
	if (argc != 2 || sscanf(argv[1], "%dx%d", &wide, &high) != 2)
		return 2;
	for (int height = 1; height <= 40; height++)
		for (int width = 1; width <= 80; width++) {
			unsigned char *file = NULL;
			unsigned long length = encode(&file, wide, high, width, height);
			decode(file, length);
			free(file);
		}
	return 0;
}
