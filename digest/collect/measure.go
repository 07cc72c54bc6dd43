package collect

import (
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"time"

	"digestd/digest"
)

const (
	// pictureBegin is how many bytes of a picture are asked for: cameras and agencies write much in front of its size.
	pictureBegin    = spoolMemory
	pictureTimeout  = 10 * time.Second
	acceptedPicture = "image/jpeg, image/png, */*;q=0.1"
)

// Measure asks the servers of pictures for their sizes, each once, by a request for the first bytes alone. got is called
// with each item, by one goroutine at a time: with the size that its picture has, or without any, and Asked set. What
// ctx ends before is left as it was, and got does not hear of it.
//
// It asks as for feeds, behind the same guard and in the same bounds.
func (c *Collector) Measure(ctx context.Context, items []digest.Item, got func(digest.Item)) {
	address := func(it digest.Item) string { return it.Image.URL }
	c.askFor(ctx, items, address, got, func(address string) func(digest.Item) digest.Item {
		size, err := c.measure(ctx, address)
		c.log.Debug("picture measured", "picture", address, "width", size.X, "height", size.Y, "error", err)
		return func(it digest.Item) digest.Item {
			measured := *it.Image
			measured.Asked = true
			if err == nil {
				measured.Width, measured.Height = size.X, size.Y
			}
			it.Image = &measured
			return it
		}
	})
}

// measure is the size of a picture.
func (c *Collector) measure(ctx context.Context, address string) (image.Point, error) {
	ctx, stop := context.WithTimeout(ctx, pictureTimeout)
	defer stop()
	if !isWebAddress(address) {
		return image.Point{}, errors.New("its address is neither http nor https")
	}
	ans, err := c.fetch(ctx, question{address: address, accept: acceptedPicture, begin: pictureBegin})
	if err != nil {
		return image.Point{}, err
	}
	defer func() { _ = ans.body.Close() }() // nothing that is still wanted can be lost by it
	return sizeOf(ans.body.raw())
}

// sizeOf reads the size that a picture says it has, if it is a JPEG or PNG: others are not shown, since not all mail
// programs do. What its server says of it does not count.
func sizeOf(begin io.Reader) (image.Point, error) {
	c, format, err := image.DecodeConfig(begin)
	switch {
	case err != nil:
	case format != "jpeg" && format != "png":
		err = fmt.Errorf("it is a picture of the kind %s", format)
	case c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels || c.Height > maxPixels:
		err = fmt.Errorf("it says that it has %d × %d px", c.Width, c.Height)
	}
	if err != nil {
		return image.Point{}, err
	}
	return image.Pt(c.Width, c.Height), nil
}
