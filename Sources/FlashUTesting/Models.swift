public import Compute
public import Foundation
public import ShowO2
import Tensors

extension ShowO2Model {
    /// Loads a model folder's weights, without tokenizer and VAE.
    public static func load(_ folder: URL, _ compute: any Compute) throws -> ShowO2Model {
        let weights = try openNetworkWeights(in: folder)
        return try ShowO2Model(
            geometry: ShowO2Geometry(folder: folder, weights: weights), weights: weights, compute: compute)
    }
}
