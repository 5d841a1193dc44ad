internal import CKernels
import Tensors

extension ck_winograd_input {
    /// Checks the transform of `tiles` tiles of a band of rows `[rows, width, channels]`, `columns` to a row of tiles, into 36 matrices,
    /// arranged by register tiles, `stride` floats apart, and makes it.
    static func checked(
        _ image: Tensor, upsampling: Int, top: Bool, columns: Int, tiles: Range<Int>, stride: Int, into values: Tensor
    ) -> ck_winograd_input {
        precondition(image.shape.count == 3 && columns >= 1 && upsampling >= 1 && tiles.lowerBound >= 0)
        let channels = image.shape[2]
        let all = Int(ck_winograd_floats(Int64(tiles.count), Int64(channels)))
        precondition(stride >= all && values.count >= 35 * stride + all)
        precondition(!values.overlaps(image))
        var operation = ck_winograd_input()
        operation.image = UnsafePointer(image.vector(image.count, "an image"))
        (operation.height, operation.width) = (Int64(image.shape[0]), Int64(image.shape[1]))
        (operation.channels, operation.upsampling) = (Int64(channels), Int32(upsampling))
        operation.rows_before = top ? 1 : 0
        (operation.columns, operation.first_tile) = (Int64(columns), Int64(tiles.lowerBound))
        operation.tiles = Int64(tiles.count)
        operation.values = values.vector(values.count, "tiles")
        operation.stride = Int64(stride)
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_winograd_input_task, self, tasks: ck_winograd_input_tasks([self])) }
}

extension ck_winograd_product {
    /// Checks the products of transformed tiles and kernels `[36, panels, inputs, 16]`, the 36 matrices on both sides `stride` floats apart, and
    /// makes them.
    static func checked(
        _ values: Tensor, stride: Int, tiles: Int, panels: Tensor, into products: Tensor, stride productsStride: Int
    ) -> ck_winograd_product {
        precondition(panels.shape.count == 4 && panels.shape[0] == 36 && panels.shape[3] == Int(CK_PANEL))
        let (count, inputs) = (panels.shape[1], panels.shape[2])
        precondition(tiles >= 1 && inputs >= 1 && count >= 1)
        let all = Int(ck_winograd_floats(Int64(tiles), Int64(inputs)))
        precondition(stride >= all && values.count >= 35 * stride + all)
        let sums = Int(ck_winograd_floats(Int64(tiles), Int64(count * Int(CK_PANEL))))
        precondition(productsStride >= sums && products.count >= 35 * productsStride + sums)
        precondition(!products.overlaps(values) && !products.overlaps(panels))
        var operation = ck_winograd_product()
        operation.values = UnsafePointer(values.vector(values.count, "tiles"))
        operation.stride = Int64(stride)
        (operation.tiles, operation.inputs) = (Int64(tiles), Int64(inputs))
        operation.panels = UnsafePointer(panels.vector(panels.count, "kernels"))
        operation.panel_count = Int64(count)
        operation.products = products.vector(products.count, "products")
        operation.products_stride = Int64(productsStride)
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_winograd_product_task, self, tasks: ck_winograd_product_tasks([self])) }
}

extension ck_winograd_output {
    /// Checks the transform of 36 matrices `[tiles, padded]`, `stride` floats apart, to tiles of an image `[rows, width, channels]`, and makes it.
    static func checked(
        _ values: Tensor, stride: Int, padded: Int, bias: Tensor, columns: Int, tiles: Range<Int>, accumulate: Bool,
        into image: Tensor
    ) -> ck_winograd_output {
        precondition(image.shape.count == 3 && columns == (image.shape[1] + 3) / 4 && tiles.lowerBound >= 0)
        precondition(tiles.upperBound <= (image.shape[0] + 3) / 4 * columns, "tiles \(tiles) of \(image.shape)")
        precondition(padded % Int(CK_PANEL) == 0 && padded >= image.shape[2])
        precondition(stride >= tiles.count * padded && values.count >= 35 * stride + tiles.count * padded)
        precondition(!values.overlaps(image))
        var operation = ck_winograd_output()
        operation.values = UnsafePointer(values.vector(values.count, "tiles"))
        (operation.stride, operation.ldv) = (Int64(stride), Int64(padded))
        operation.bias = UnsafePointer(bias.vector(padded, "bias"))
        (operation.columns, operation.first_tile) = (Int64(columns), Int64(tiles.lowerBound))
        operation.tiles = Int64(tiles.count)
        operation.image = image.vector(image.count, "an image")
        (operation.height, operation.width) = (Int64(image.shape[0]), Int64(image.shape[1]))
        (operation.channels, operation.accumulate) = (Int64(image.shape[2]), accumulate ? 1 : 0)
        return operation
    }

    func run(on pool: ThreadPool) { pool.run(ck_winograd_output_task, self, tasks: ck_winograd_output_tasks([self])) }
}
