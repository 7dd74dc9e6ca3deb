// SPDX-License-Identifier: Apache-2.0
//
// Reads the policy part of a configuration into a Model.
#pragma once

#include "policy/config/document.h"
#include "policy/listing.h"
#include "policy/model/model.h"

namespace postern::policy {

// Reads all of it, adding every problem found; the model is fit for use only when there was no
// error.
Model load_model(const Document& document, ListCatalogue lists, Problems& problems);

}  // namespace postern::policy
