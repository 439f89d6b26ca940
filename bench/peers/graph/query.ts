/** The one operation that every gateway answers: eight levels deep, through all four subgraphs and back again. */
export const operation = `query Everything {
  users {
    ...UserFields
    reviews {
      ...ReviewFields
      product {
        ...ProductFields
        reviews {
          ...ReviewFields
          author {
            ...UserFields
            reviews { ...ReviewFields product { ...ProductFields } }
          }
        }
      }
    }
  }
  topProducts {
    ...ProductFields
    reviews {
      ...ReviewFields
      author {
        ...UserFields
        reviews { ...ReviewFields product { ...ProductFields } }
      }
    }
  }
}
fragment UserFields on User { id username name }
fragment ReviewFields on Review { id body }
fragment ProductFields on Product { upc name price weight inStock shippingEstimate }`;
